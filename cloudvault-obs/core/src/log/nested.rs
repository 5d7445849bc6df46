//! A JSON document as the value of a member: without its secrets, and no longer
//! than there is room.
//!
//! The document is copied token by token and never parsed into values: numbers
//! keep all their digits, members their order. Where it is too long, texts, lists
//! and depth are cut to ever smaller measures, each cut with a mark that says how
//! many bytes are missing, until it fits.

use std::borrow::Cow;

use super::cut::{boundary, marked};
use crate::redact::{MARK, Marked, Redactor};

/// How much of a document is copied.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// Bytes of one text.
    text: usize,
    /// Members of one object, elements of one array.
    items: usize,
    depth: usize,
}

const fn measure(text: usize, items: usize, depth: usize) -> Measure {
    Measure { text, items, depth }
}

/// From all of it to very little.
const MEASURES: [Measure; 8] = [
    measure(usize::MAX, usize::MAX, 128),
    measure(16_384, 1000, 32),
    measure(4096, 500, 16),
    measure(1024, 100, 12),
    measure(256, 50, 8),
    measure(64, 20, 6),
    measure(32, 8, 4),
    measure(16, 3, 2),
];

/// Appends `json`, which has to be a valid document, as a JSON value of at most
/// `room` bytes or, where even the smallest measure is longer, of that. Answers
/// whether anything was cut.
pub fn nested(out: &mut Vec<u8>, json: &str, room: usize, redactor: &Redactor) -> bool {
    let start = out.len();
    for (tried, measure) in MEASURES.into_iter().enumerate() {
        out.truncate(start);
        let mut copy = Copy {
            json: json.as_bytes(),
            at: 0,
            out,
            measure,
            redactor,
            cut: false,
        };
        copy.document();
        let cut = copy.cut;
        if out.len() - start <= room || tried + 1 == MEASURES.len() {
            return cut;
        }
    }
    false
}

struct Copy<'a> {
    json: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
    measure: Measure,
    redactor: &'a Redactor,
    cut: bool,
}

/// An open array or object.
struct Level {
    is_object: bool,
    items: usize,
}

impl Copy<'_> {
    /// Without recursion: whoever sends the document chooses its depth.
    fn document(&mut self) {
        let mut levels: Vec<Level> = Vec::new();
        while let Some(byte) = self.token() {
            match byte {
                b'{' | b'[' if levels.len() >= self.measure.depth => self.leave_out_value(),
                b'{' | b'[' => {
                    levels.push(Level {
                        is_object: byte == b'{',
                        items: 0,
                    });
                    self.copy_byte(byte);
                }
                b'}' | b']' => {
                    levels.pop();
                    self.copy_byte(byte);
                }
                b',' => {
                    let Some(level) = levels.last_mut() else {
                        return;
                    };
                    level.items += 1;
                    if level.items >= self.measure.items {
                        self.leave_out_rest(level.is_object);
                    } else {
                        self.copy_byte(byte);
                    }
                }
                b'"' => self.text(),
                _ => self.scalar(),
            }
        }
    }

    /// The byte that the next token begins with.
    fn token(&mut self) -> Option<u8> {
        let rest = &self.json[self.at..];
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += blanks.count();
        self.json.get(self.at).copied()
    }

    fn copy_byte(&mut self, byte: u8) {
        self.out.push(byte);
        self.at += 1;
    }

    /// A text, or a key with what makes its value a secret.
    fn text(&mut self) {
        let start = self.at;
        self.at = text_end(self.json, start);
        let text = &self.json[start..self.at];
        if self.token() == Some(b':') {
            return self.key(text);
        }
        self.out.push(b'"');
        let from = self.out.len();
        let text = &text[1..text.len() - 1];
        let plain = plain(text);
        self.out.extend_from_slice(&plain);
        let found = self.redactor.escaped(self.out, from, Marked(true));
        if !found && self.redactor.is_concealed(&plain) {
            self.out.truncate(from);
            self.out.extend_from_slice(MARK.as_bytes());
        } else if !found && matches!(plain, Cow::Owned(_)) {
            // Nothing secret in its plain spelling: it stays as it came.
            self.out.truncate(from);
            self.out.extend_from_slice(text);
        }
        let length = self.out.len() - from;
        if length > self.measure.text {
            let kept = boundary(&self.out[from..], self.measure.text);
            self.out.truncate(from + kept);
            marked(self.out, length - kept);
            self.cut = true;
        }
        self.out.push(b'"');
    }

    fn key(&mut self, quoted: &[u8]) {
        self.out.extend_from_slice(quoted);
        self.copy_byte(b':');
        let key = plain(&quoted[1..quoted.len() - 1]);
        let key = std::str::from_utf8(&key);
        if key.is_ok_and(|key| self.redactor.is_secret_key(key)) {
            self.token();
            self.at = value_end(self.json, self.at);
            super::secret(self.out);
        }
    }

    /// A number or a word. Digits alone may be a card.
    fn scalar(&mut self) {
        let start = self.at;
        self.at = value_end(self.json, start).max(start + 1);
        let token = &self.json[start..self.at];
        let number = std::str::from_utf8(token)
            .ok()
            .and_then(|it| it.parse().ok());
        if number.is_some_and(|number| self.redactor.is_secret_integer(number)) {
            super::secret(self.out);
        } else {
            self.out.extend_from_slice(token);
        }
    }

    fn leave_out_value(&mut self) {
        let end = value_end(self.json, self.at);
        self.out.push(b'"');
        marked(self.out, end - self.at);
        self.out.push(b'"');
        self.at = end;
        self.cut = true;
    }

    /// From the comma to the end of the array or object.
    fn leave_out_rest(&mut self, is_object: bool) {
        let end = rest_end(self.json, self.at);
        let name: &[u8] = if is_object { b",\"...\":\"" } else { b",\"" };
        self.out.extend_from_slice(name);
        marked(self.out, end - self.at);
        self.out.push(b'"');
        self.at = end;
        self.cut = true;
    }
}

/// Escaped text without the escapes that it needs not: `\u0040` and `\/`, which some
/// encoders write, would hide a secret. In JSON inside the text they have more
/// backslashes: two, four and so on.
fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(offset) = text[at..].iter().position(|&byte| byte == b'\\') {
        let start = at + offset;
        let run = text[start..].iter().take_while(|byte| **byte == b'\\');
        let run = run.count();
        at = start + run;
        let Some((byte, length)) = needless(&text[at..]) else {
            continue;
        };
        // Three are one that is escaped, and an escape.
        let kept = match run {
            odd if odd % 2 == 1 => odd - 1,
            even if even.is_power_of_two() => 0,
            _ => continue,
        };
        let out = out.get_or_insert_default();
        out.extend_from_slice(&text[copied..start + kept]);
        out.push(byte);
        at += length;
        copied = at;
    }
    match out {
        Some(mut out) => {
            out.extend_from_slice(&text[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// The character that an escape stands for, if it could stand for itself, and the
/// bytes behind the backslash that it takes.
fn needless(escape: &[u8]) -> Option<(u8, usize)> {
    let &[b'u', b'0', b'0', high, low, ..] = escape else {
        return (escape.first() == Some(&b'/')).then_some((b'/', 1));
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = (digit(high)? << 4 | digit(low)?) as u8;
    let plain = matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    plain.then_some((byte, 5))
}

/// Behind the closing quote of the text that opens at `start`.
fn text_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
    }
    json.len()
}

/// Behind the value that begins at `start`.
fn value_end(json: &[u8], start: usize) -> usize {
    match json.get(start) {
        Some(b'"') => text_end(json, start),
        Some(b'{' | b'[') => rest_end(json, start + 1) + 1,
        _ => {
            let rest = json[start.min(json.len())..].iter();
            let of_scalar = |byte: &&u8| !b",]} \t\r\n".contains(byte);
            start + rest.take_while(of_scalar).count()
        }
    }
    .min(json.len())
}

/// The bracket that closes what is open at `at`.
fn rest_end(json: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => {
                at = text_end(json, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn copied(json: &str, room: usize, redactor: &Redactor) -> (String, bool) {
        let mut out = Vec::new();
        let cut = nested(&mut out, json, room, redactor);
        (String::from_utf8(out).expect("text"), cut)
    }

    fn check(json: &str, room: usize, expect: &str) {
        let (out, cut) = copied(json, room, &Redactor::default());
        assert_eq!(out, expect, "{json}");
        assert_eq!(cut, expect.contains("[cut "), "{json}");
    }

    #[test]
    fn a_document_keeps_its_order_and_every_digit() {
        check(
            " { \"b\" : [1 , 2.50, -0, 123456789012345678901234567890, 1e999],\n\"a\":{} , \"c\":null}",
            1000,
            r#"{"b":[1,2.50,-0,123456789012345678901234567890,1e999],"a":{},"c":null}"#,
        );
        check(r#" "a\"\u00e9,:" "#, 100, r#""a\"\u00e9,:""#);
        check("[[],{}]", 100, "[[],{}]");
    }

    #[test]
    fn secrets_go_whatever_their_kind() {
        check(
            r#"{"password": {"a": ["}"]}, "api_key" : 7, "m": "ann@example.com", "n": 4111111111111111}"#,
            1000,
            r#"{"password":"[REDACTED]","api_key":"[REDACTED]","m":"[REDACTED]","n":"[REDACTED]"}"#,
        );
        check(
            r#"{"body": "{\"token\": \"t0p\", \"a\": 1}"}"#,
            1000,
            r#"{"body":"{\"token\": \"[REDACTED]\", \"a\": 1}"}"#,
        );
    }

    #[test]
    fn secrets_go_that_are_hidden_in_base64() {
        check(
            r#"{"body": "dXNlcj1hbm4mcGFzc3dvcmQ9aHVudGVyMg\u003d\u003d", "isBase64Encoded": true}"#,
            1000,
            r#"{"body":"[REDACTED]","isBase64Encoded":true}"#,
        );
        check(
            r#"{"kinesis": {"data": "eyJhcGlfa2V5IjoidDBwPz8\/In0="}}"#,
            1000,
            r#"{"kinesis":{"data":"[REDACTED]"}}"#,
        );
        let json = r#"{"body":"aGVsbG8sIHdvcmxkIQ==","isBase64Encoded":true}"#;
        check(json, 1000, json);
    }

    #[test]
    fn secrets_go_however_their_json_spells_them() {
        check(
            r#"{"p\u0061ssword": "a", "api\u005Fkey": [1], "m": "ann\u0040example.com"}"#,
            1000,
            r#"{"p\u0061ssword":"[REDACTED]","api\u005Fkey":"[REDACTED]","m":"[REDACTED]"}"#,
        );
        check(
            r#"{"u": "https:\/\/x?token\u003dt0p\u0026a\u003D1", "v": "postgres:\/\/app:hunter2@db"}"#,
            1000,
            r#"{"u":"https://x?token=[REDACTED]&a=1","v":"postgres://app:[REDACTED]@db"}"#,
        );
        // JSON in a text, in a text in a text.
        check(
            r#"{"body": "{\"u\":\"?token\\u003dt0p\", \"v\": 1}"}"#,
            1000,
            r#"{"body":"{\"u\":\"?token=[REDACTED]\", \"v\": 1}"}"#,
        );
        check(
            r#"["{\"m\":\"{\\\"m\\\":\\\"ann\\\\u0040example.com\\\"}\"}"]"#,
            1000,
            r#"["{\"m\":\"{\\\"m\\\":\\\"[REDACTED]\\\"}\"}"]"#,
        );
        // Nothing secret: as it came.
        for json in [
            r#"["\u0041 \/ \u00e9 \u0022 \u005c \\u0041 \\\u0041"]"#,
            r#"["\\\\u0041 \ud83e\udd80 \\/"]"#,
        ] {
            check(json, 1000, json);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_is_longest() {
        let json = json!({"id": 7, "text": "x".repeat(5000), "last": true}).to_string();
        let kept = "x".repeat(256);
        check(
            &json,
            600,
            &format!(r#"{{"id":7,"last":true,"text":"{kept}…[cut 4744 bytes]"}}"#),
        );
        let many: Vec<u32> = (0..2000).collect();
        let (out, cut) = copied(&json!({ "many": many }).to_string(), 700, &Redactor::off());
        let read: Value = serde_json::from_str(&out).unwrap();
        let many = read["many"].as_array().unwrap();
        assert!(cut && many.len() == 101, "{out}");
        assert!(many[100].as_str().unwrap().starts_with("…[cut "));
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let (out, cut) = copied(&deep, 100, &Redactor::off());
        assert!(cut && out.len() <= 100, "{}", out.len());
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,80}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 200, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::vec((".{0,8}", inner), 0..12)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_stays_itself_or_fits_with_a_mark(json in document(), room in 200..4000_usize) {
            let pretty = serde_json::to_string_pretty(&json).unwrap();
            let (out, cut) = copied(&pretty, usize::MAX, &Redactor::off());
            prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json);
            prop_assert!(!cut);
            let whole = out.len();
            let (out, cut) = copied(&pretty, room, &Redactor::off());
            prop_assert!(serde_json::from_str::<Value>(&out).is_ok());
            prop_assert_eq!(cut, whole > room);
        }
    }
}
