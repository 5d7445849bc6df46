//! Base64 that has a secret in it, as the body of a login form that API Gateway hands
//! on.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Family, Redactor};

/// The shortest encoded text that is looked into: nine bytes, as `pw=hunter`.
const SHORTEST: usize = 12;
/// Base64 of base64 of base64.
const DEEPEST: usize = 3;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Redactor {
    /// Whether `text`, escaped for JSON, is base64 as a whole and what it stands for has
    /// a secret in it, or is compressed by gzip, so that nobody can tell.
    pub(crate) fn is_concealed(&self, text: &[u8]) -> bool {
        let any = Family::ALL.into_iter().any(|family| self.has(family));
        any && self.conceals(text, DEEPEST)
    }

    fn conceals(&self, text: &[u8], depth: usize) -> bool {
        let Some(decoded) = decode(text) else {
            return false;
        };
        if decoded.starts_with(b"\x1f\x8b") {
            return true;
        }
        // Of what is no text, the parts that are.
        let plain = String::from_utf8_lossy(&decoded);
        self.redact(&plain) != plain || (depth > 1 && self.conceals(&decoded, depth - 1))
    }
}

/// What `text` stands for, if it is base64: of either alphabet, with line breaks as
/// JSON writes them, with or without padding, alone or behind `data:…;base64,`.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    const URL: &[u8] = b";base64,";
    let text = match text.strip_prefix(b"data:") {
        Some(url) => {
            let at = url.windows(URL.len()).position(|part| part == URL)?;
            &url[at + URL.len()..]
        }
        None => text,
    };
    if text.len() < SHORTEST {
        return None;
    }
    let mut digits = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => digits.push(byte),
            b'\r' | b'\n' => {}
            b'\\' if matches!(bytes.next(), Some(b'r' | b'n' | b'/')) => {}
            _ => return None,
        }
    }
    LENIENT.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

    use super::*;

    fn check(text: &str, expect: bool) {
        let found = Redactor::default().is_concealed(text.as_bytes());
        assert_eq!(found, expect, "{text}");
        assert!(!Redactor::off().is_concealed(text.as_bytes()), "{text}");
    }

    #[test]
    fn a_secret_is_found_behind_each_spelling_of_base64() {
        for secret in [
            "password=t0p",
            "user=ann&password=hunter2&next=%2F",
            r#"{"user": "ann", "api_key": "t0p>>>???"}"#,
            "write to ann@example.com, please",
            "card 4111 1111 1111 1111",
        ] {
            let encoded = STANDARD.encode(secret);
            check(&encoded, true);
            check(&STANDARD_NO_PAD.encode(secret), true);
            check(&URL_SAFE.encode(secret), true);
            check(&STANDARD.encode(&encoded), true);
            check(&format!("data:text/plain;base64,{encoded}"), true);
            let (front, back) = encoded.split_at(8);
            check(&format!("{front}\\r\\n{back}\\n"), true);
        }
        let binary = [b"\x00\xff\x01".as_slice(), b"token=t0p ", &[0x80; 9]].concat();
        check(&STANDARD.encode(binary), true);
        check(&STANDARD.encode(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"), true);
    }

    #[test]
    fn what_conceals_nothing_is_no_secret() {
        for text in [
            "",
            "password",
            "photos/2026/sunset",
            "aGVsbG8sIHdvcmxkIQ==",
            "user=ann&password=hunter2",
            "059f36b4-87a3-44ab-83d2-661975830a7d",
            "aGVsbG8sIHdvcmxkIQ=",
            "aGVsbG8sIHdvcmxkIQ==\\",
            "data:text/plain,password=hunter2",
        ] {
            check(text, false);
        }
    }
}
