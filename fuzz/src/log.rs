//! What must hold for a log line, whatever its fields.
//!
//! The fuzz target calls this with libFuzzer's inputs; the crate's ordinary tests
//! call it with a bounded number of random ones.

use cloudvault_obs_core::{
    json::Value,
    log::{self, Members, Style},
    redact::Redactor,
};

/// Renders fields taken from `data` as a line, cuts it, and shows it as text.
///
/// # Panics
///
/// When the line does not parse, is over its limit, holds a key twice, changes a
/// text, or tells a planted secret.
pub(crate) fn line(data: &[u8]) {
    let redactor = Redactor::default();
    let (mut span, mut own) = (Members::default(), Members::default());
    for (number, piece) in data.split(|byte| *byte == b';').enumerate() {
        let members = if number % 2 == 0 { &mut span } else { &mut own };
        let (kind, rest) = piece.split_first().unwrap_or((&0, &[]));
        let (key, value) = rest.split_at(rest.len() / 3);
        let key = String::from_utf8_lossy(key);
        let text = String::from_utf8_lossy(value);
        let mut bits = [0; 16];
        let taken = value.len().min(16);
        bits[..taken].copy_from_slice(&value[..taken]);
        let bits = u128::from_le_bytes(bits);
        let value = match kind % 9 {
            0 => Value::Str(&text),
            1 => Value::Bytes(value),
            2 => Value::Display(&text),
            3 => Value::Debug(&text),
            4 => Value::U128(bits),
            5 => Value::I128(bits as i128),
            6 => Value::F64(f64::from_bits(bits as u64)),
            7 => Value::I64(bits as i64),
            _ => Value::Bool(bits & 1 == 1),
        };
        members.redacted(&key, value, &redactor);
    }
    let mut line = b"{\"level\":\"INFO\"".to_vec();
    span.append_except(&mut line, &own);
    line.extend_from_slice(own.as_bytes());
    line.push(b'}');
    check(&line, span.as_bytes(), own.as_bytes());
    kept(data);
    let mut cut = line.clone();
    log::cut(&mut cut, 4096);
    serde_json::from_slice::<serde_json::Value>(&cut).expect("a cut line parses");
    let mut text = Vec::new();
    log::text(&mut text, &line, Style::Colour);
    assert!(!text.contains(&b'\n'), "text stays one line");
}

/// Without a redactor every text comes back as it was, and no secret with one.
fn kept(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for (redactor, expect) in [(Redactor::off(), Some(&*text)), (Redactor::default(), None)] {
        let mut members = Members::default();
        let fields = [
            ("plain", Value::Str(&text)),
            ("shown", Value::Display(&text)),
            ("bytes", Value::Bytes(data)),
            ("password", Value::Str("pl4nt3d-s3cr3t")),
            ("login", Value::Str("{\"api_key\": \"pl4nt3d-s3cr3t\"}")),
        ];
        for (key, value) in fields {
            members.redacted(key, value, &redactor);
        }
        let mut line = b"{\"level\":0".to_vec();
        line.extend_from_slice(members.as_bytes());
        line.push(b'}');
        let line: serde_json::Value = serde_json::from_slice(&line).expect("a line parses");
        match expect {
            Some(text) => {
                assert_eq!(line["plain"], text);
                assert_eq!(line["shown"], text);
                assert_eq!(line["bytes"], explicit(data));
            }
            None => {
                let secrets = [&line["password"], &line["login"]].map(ToString::to_string);
                assert!(
                    !secrets.concat().contains("pl4nt3d"),
                    "a planted secret survived"
                );
            }
        }
    }
}

/// Bytes that are no UTF-8 are told apart: `\xff`.
fn explicit(data: &[u8]) -> String {
    let mut text = String::new();
    for chunk in data.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

fn check(line: &[u8], span: &[u8], own: &[u8]) {
    let parsed: serde_json::Value = serde_json::from_slice(line).expect("a line parses");
    let count = |members: &[u8]| {
        let mut object = b"{\"level\":0".to_vec();
        object.extend_from_slice(members);
        object.push(b'}');
        let parsed: serde_json::Map<_, _> = serde_json::from_slice(&object).expect("members");
        parsed
    };
    let mut union = count(span);
    union.extend(count(own));
    assert_eq!(
        parsed.as_object().map(serde_json::Map::len),
        Some(union.len())
    );
}
