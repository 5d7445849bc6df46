//! Which keys hold secrets.

/// Rules on the names of keys: the well-known ones, and the user's.
///
/// Names are compared without regard to case and to `_`, `-`, `.` and blanks:
/// `apiKey`, `API_KEY` and `x-api-key` are alike. A `*` in a pattern of the
/// user's stands for any text.
#[derive(Debug, Clone, Default)]
pub struct KeyRules {
    more: Vec<Vec<u8>>,
    never: Vec<Vec<u8>>,
}

/// A pattern with the letters that a name must have to match it.
struct Part {
    text: &'static [u8],
    letters: u32,
}

const fn parts<const N: usize>(texts: [&'static str; N]) -> [Part; N] {
    let mut parts = [const {
        Part {
            text: b"",
            letters: 0,
        }
    }; N];
    let mut index = 0;
    while index < N {
        let text = texts[index].as_bytes();
        let (mut letters, mut at) = (0, 0);
        while at < text.len() {
            letters |= letter(text[at]);
            at += 1;
        }
        parts[index] = Part { text, letters };
        index += 1;
    }
    parts
}

/// A name that contains one of these holds a secret.
const CONTAINS: &[Part] = &parts([
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "authorization",
    "bearer",
    "creditcard",
    "cardnumber",
    "socialsecurity",
]);
/// A name that ends in one of these.
const ENDS: &[Part] = &parts([
    "token",
    "pwd",
    "dbpass",
    "userpass",
    "passcode",
    "cookie",
    // The list of an HTTP API's event.
    "cookies",
    "jwt",
    "amzsignature",
    "signingkey",
    "encryptionkey",
    "accountkey",
    "subscriptionkey",
    "cvv",
    "ssn",
]);
/// These names alone.
const IS: &[&str] = &["pass", "auth", "pin", "otp", "cvc", "cvv2", "cvc2"];
/// What looks like one of the above and only names or counts something.
const NEVER: &[&str] = &[
    "nexttoken",
    "pagetoken",
    "continuationtoken",
    "startingtoken",
    "clientrequesttoken",
    "secretname",
    "secretarn",
    "secretid",
];

/// Names longer than this are compared by their last bytes.
const LONGEST: usize = 64;

impl KeyRules {
    /// With `more` patterns of secret keys, and patterns of keys that are
    /// `never` secret, which win.
    #[must_use]
    pub fn new<'a>(
        more: impl IntoIterator<Item = &'a str>,
        never: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let plain = |pattern: &str| {
            pattern
                .bytes()
                .filter(|byte| is_letter(*byte) || *byte == b'*')
                .map(|byte| byte.to_ascii_lowercase())
                .collect::<Vec<u8>>()
        };
        let list = |patterns: Vec<Vec<u8>>| {
            patterns
                .into_iter()
                .filter(|pattern| !pattern.is_empty())
                .collect()
        };
        Self {
            more: list(more.into_iter().map(plain).collect()),
            never: list(never.into_iter().map(plain).collect()),
        }
    }

    /// Whether `key` names a secret.
    pub(super) fn is_secret(&self, key: &[u8]) -> bool {
        let mut buffer = [0; LONGEST];
        let (mut length, mut letters) = (0, 0);
        let tail = &key[key.len().saturating_sub(2 * LONGEST)..];
        for &byte in tail.iter().filter(|byte| is_letter(**byte)) {
            if length == LONGEST {
                buffer.copy_within(1.., 0);
                length -= 1;
            }
            buffer[length] = byte.to_ascii_lowercase();
            letters |= letter(buffer[length]);
            length += 1;
        }
        let name = &buffer[..length];
        let well_known = || well_known(name, letters);
        (well_known() || any(&self.more, name))
            && !any(&self.never, name)
            && (any(&self.more, name) || !NEVER.iter().any(|never| never.as_bytes() == name))
    }
}

fn well_known(name: &[u8], letters: u32) -> bool {
    let may = |part: &&Part| letters & part.letters == part.letters;
    let contains = |text: &[u8]| name.windows(text.len()).any(|window| window == text);
    CONTAINS.iter().filter(may).any(|part| contains(part.text))
        || ENDS
            .iter()
            .filter(may)
            .any(|part| name.ends_with(part.text))
        || IS.iter().any(|is| is.as_bytes() == name)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// One bit for each letter of the alphabet.
const fn letter(byte: u8) -> u32 {
    if byte.is_ascii_lowercase() {
        1 << (byte - b'a')
    } else {
        0
    }
}

fn any(patterns: &[Vec<u8>], name: &[u8]) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// A glob with `*`, by going back to the last star.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
