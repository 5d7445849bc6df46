//! The query protocol's answers: XML with a namespace a service, lists as
//! `member` elements, maps as `entry` elements.

use super::{Fault, Service, Tree};

/// Writes an answer: the result, if the operation has one, in its wrapper.
pub(super) fn encode(
    service: Service,
    operation: &str,
    result: &Tree,
    request_id: &str,
) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"{}\">", service.namespace());
    if *result != Tree::Null {
        element(&mut xml, &format!("{operation}Result"), result);
    }
    xml.push_str("<ResponseMetadata>");
    text_element(&mut xml, "RequestId", request_id);
    xml.push_str("</ResponseMetadata>");
    xml.push_str(&format!("</{operation}Response>"));
    xml.into_bytes()
}

/// Writes an error.
pub(super) fn encode_fault(service: Service, fault: &Fault, request_id: &str) -> Vec<u8> {
    let mut xml = format!("<ErrorResponse xmlns=\"{}\"><Error>", service.namespace());
    text_element(&mut xml, "Type", fault.side());
    text_element(&mut xml, "Code", fault.code);
    text_element(&mut xml, "Message", &fault.message);
    if let Tree::Struct(members) = &fault.details {
        for (name, member) in members {
            element(&mut xml, name, member);
        }
    }
    xml.push_str("</Error>");
    text_element(&mut xml, "RequestId", request_id);
    xml.push_str("</ErrorResponse>");
    xml.into_bytes()
}

fn element(xml: &mut String, name: &str, tree: &Tree) {
    match tree {
        Tree::Null => {}
        Tree::Bool(value) => text_element(xml, name, if *value { "true" } else { "false" }),
        Tree::Int(number) => text_element(xml, name, &number.to_string()),
        Tree::Float(number) => text_element(xml, name, &float(*number)),
        Tree::Text(text) | Tree::Form(text) => text_element(xml, name, text),
        Tree::Time(ms) => text_element(xml, name, &iso(*ms)),
        Tree::List(items) => parent(xml, name, |xml| {
            items.iter().for_each(|item| element(xml, "member", item));
        }),
        Tree::Struct(members) => parent(xml, name, |xml| {
            members
                .iter()
                .for_each(|(name, member)| element(xml, name, member));
        }),
        Tree::Table(entries) => parent(xml, name, |xml| {
            for (key, value) in entries {
                xml.push_str("<entry>");
                text_element(xml, "key", key);
                element(xml, "value", value);
                xml.push_str("</entry>");
            }
        }),
    }
}

fn parent(xml: &mut String, name: &str, inner: impl FnOnce(&mut String)) {
    xml.push_str(&format!("<{name}>"));
    inner(xml);
    xml.push_str(&format!("</{name}>"));
}

fn text_element(xml: &mut String, name: &str, text: &str) {
    xml.push_str(&format!("<{name}>"));
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            // XML 1.0 has no way to write other control characters.
            c if c < ' ' && c != '\n' && c != '\t' => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml.push_str(&format!("</{name}>"));
}

/// A number with a point, as AWS writes doubles.
fn float(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string(), |n| n.to_string())
}

/// `2026-11-23T04:50:00.123Z`; without the fraction when there is none.
pub(crate) fn iso(ms: i64) -> String {
    let c = obs_cloudwatch::time::civil(ms);
    let second = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    );
    if c.millisecond == 0 {
        format!("{second}Z")
    } else {
        format!("{second}.{:03}Z", c.millisecond)
    }
}
