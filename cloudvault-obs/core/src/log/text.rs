//! A line for people: the same members, written as text.
//!
//! The text is made from the finished JSON, so that redaction, reserved keys and
//! limits hold for both without being written twice.

use super::parts::parts;

/// How a line of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// For Lambda's text format: all members, no colour.
    #[default]
    Plain,
    /// For a terminal without colour: the time of day, no keys that are the same
    /// on every line.
    Terminal,
    /// The same in colour.
    Colour,
}

/// Keys whose values are the same on each line of a process, or that are told
/// in front.
const QUIET: &[&[u8]] = &[b"service", b"function_name", b"function_version"];

/// Appends `line`, a JSON object without its line feed, as text in one line:
/// `2026-11-23T03:41:34.505Z INFO fn::store file stored size=3 bucket="b"`.
pub fn text(out: &mut Vec<u8>, line: &[u8], style: Style) {
    let find = |name: &[u8]| {
        parts(line)
            .find(|part| line[part.key.clone()] == *name)
            .map_or(&b""[..], |part| bare(&line[part.value]))
    };
    let time = find(b"timestamp");
    let level = find(b"level");
    match style {
        Style::Plain => out.extend_from_slice(time),
        _ => painted(out, style, b"2", time.get(11..23).unwrap_or(time)),
    }
    out.push(b' ');
    painted(out, style, colour(level), level);
    out.extend_from_slice(&b"      "[level.len().min(5)..6]);
    painted(out, style, b"2", find(b"target"));
    out.extend_from_slice(b": ");
    unescape(out, find(b"message"));
    for part in parts(line) {
        let key = &line[part.key];
        let told = matches!(key, b"timestamp" | b"level" | b"target" | b"message");
        if told || (style != Style::Plain && QUIET.contains(&key)) {
            continue;
        }
        out.push(b' ');
        painted(out, style, b"3", key);
        out.push(b'=');
        out.extend_from_slice(&line[part.value]);
    }
}

fn bare(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

fn colour(level: &[u8]) -> &'static [u8] {
    match level {
        b"ERROR" => b"1;31",
        b"WARN" => b"33",
        b"INFO" => b"32",
        b"DEBUG" => b"34",
        _ => b"35",
    }
}

fn painted(out: &mut Vec<u8>, style: Style, code: &[u8], text: &[u8]) {
    if style == Style::Colour {
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(code);
        out.push(b'm');
        out.extend_from_slice(text);
        out.extend_from_slice(b"\x1b[0m");
    } else {
        out.extend_from_slice(text);
    }
}

/// Quotes and backslashes as they are. Control characters stay escaped: a line
/// stays one line, and a terminal obeys nothing that was logged.
fn unescape(out: &mut Vec<u8>, text: &[u8]) {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'"') => out.push(b'"'),
                Some(b'\\') => out.push(b'\\'),
                Some(other) => out.extend_from_slice(&[b'\\', *other]),
                None => {}
            },
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"timestamp":"2026-11-23T03:41:34.505Z","level":"INFO","message":"say \"hi\"\n\u001b[31m","target":"t","service":"s","size":3,"tags":["a",{"b":"}"}]}"#;

    fn check(style: Style, expect: &str) {
        let mut out = Vec::new();
        text(&mut out, LINE.as_bytes(), style);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn each_style_tells_the_same_line() {
        check(
            Style::Plain,
            r#"2026-11-23T03:41:34.505Z INFO  t: say "hi"\n\u001b[31m service="s" size=3 tags=["a",{"b":"}"}]"#,
        );
        check(
            Style::Terminal,
            r#"03:41:34.505 INFO  t: say "hi"\n\u001b[31m size=3 tags=["a",{"b":"}"}]"#,
        );
        check(
            Style::Colour,
            "\x1b[2m03:41:34.505\x1b[0m \x1b[32mINFO\x1b[0m  \x1b[2mt\x1b[0m: say \"hi\"\\n\\u001b[31m \x1b[3msize\x1b[0m=3 \x1b[3mtags\x1b[0m=[\"a\",{\"b\":\"}\"}]",
        );
    }
}
