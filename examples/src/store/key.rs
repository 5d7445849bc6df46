//! Object keys and bucket names that are safe to put on a disk.
//!
//! A key that exists is valid: no empty, `.` or `..` component, no leading `/`,
//! no control character. On disk a key is one flat, percent-encoded file name,
//! so that even a key nobody foresaw cannot name another directory.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a file name; `.` stays too, but `.` and `..` are no keys.
const FILE_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// What stays as it is in the `key` of an S3 event.
const EVENT_KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/')
    .remove(b'~');

/// The longest file name that a key may become; file systems stop at 255 bytes.
const MAX_FILE_NAME: usize = 240;

/// The name of one object in the store, with `/` between its parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// The text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is empty, starts or ends with `/`, or has an empty, `.` or `..` part.
    #[error("accept the key: a part of it is empty, `.` or `..`")]
    Part,
    /// It holds a control character or a backslash.
    #[error("accept the key: it holds a control character or a backslash")]
    Character,
    /// It takes more than 240 bytes when percent-encoded.
    #[error("accept the key: longer than 240 bytes when percent-encoded")]
    Length,
}

impl Key {
    /// Accepts a key as a caller wrote it.
    ///
    /// # Errors
    /// [`KeyError`] says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(KeyError::Part);
        }
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(KeyError::Character);
        }
        let key = Self(text.to_owned());
        if key.to_file_name().len() > MAX_FILE_NAME {
            return Err(KeyError::Length);
        }
        Ok(key)
    }

    /// Reads the key of an S3 event, where a space is `+` and the rest percent-encoded.
    ///
    /// # Errors
    /// As [`Key::parse`]; bytes that are no UTF-8 are a [`KeyError::Character`].
    pub fn parse_event(encoded: &str) -> Result<Self, KeyError> {
        let spaced = encoded.replace('+', " ");
        let text = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| KeyError::Character)?;
        Self::parse(&text)
    }

    /// The key as S3 writes it into an event.
    #[must_use]
    pub fn to_event(&self) -> String {
        utf8_percent_encode(&self.0, EVENT_KEY)
            .to_string()
            .replace("%20", "+")
    }

    /// The one flat file name of this key.
    pub(super) fn to_file_name(&self) -> String {
        utf8_percent_encode(&self.0, FILE_NAME).to_string()
    }

    /// The key of a file found in the store, unless somebody else put the file there.
    pub(super) fn from_file_name(name: &str) -> Option<Self> {
        let text = percent_decode_str(name).decode_utf8().ok()?;
        Self::parse(&text)
            .ok()
            .filter(|key| key.to_file_name() == name)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the key.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_that_leave_the_store_are_refused() {
        let check =
            |text: &str, expect: KeyError| assert_eq!(Key::parse(text), Err(expect), "{text:?}");
        for text in [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            ".",
            "..",
            "../x",
            "a/../b",
            "a/./b",
        ] {
            check(text, KeyError::Part);
        }
        for text in ["a\0b", "a\nb", "..\\..\\x", "a\u{7f}"] {
            check(text, KeyError::Character);
        }
        check(&"x".repeat(241), KeyError::Length);
        check(&"\u{1F600}".repeat(21), KeyError::Length);
    }

    #[test]
    fn an_encoded_traversal_is_refused_after_decoding() {
        for text in ["%2e%2e/x", "..%2Fx", "a%2F..%2Fb", "%2Fetc", "%ff"] {
            assert!(Key::parse_event(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Key::parse_event("Happy+Face%2B.jpg").unwrap().as_str(),
            "Happy Face+.jpg"
        );
    }

    proptest! {
        #[test]
        fn every_accepted_key_survives_disk_and_event(text in "\\PC{0,40}(/\\PC{0,20}){0,3}") {
            if let Ok(key) = Key::parse(&text) {
                let name = key.to_file_name();
                prop_assert!(!name.contains('/') && name != "." && name != "..");
                prop_assert_eq!(Key::from_file_name(&name), Some(key.clone()));
                prop_assert_eq!(Key::parse_event(&key.to_event()), Ok(key));
            }
        }
    }
}
