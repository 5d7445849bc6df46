//! Keeping secrets out of lines: by the key that a value stands under, and by
//! what the value looks like.
//!
//! The redactor works on text that is already escaped for JSON. So it sees a
//! secret at every depth: in a field, in JSON inside a string inside JSON, in
//! what `Debug` wrote; there a quote merely has more backslashes before it.
//! Nothing is searched for byte by byte: the encoder's own table marks the few
//! bytes that a secret cannot be without (`@`, `:`, `=`, ...), and long runs of
//! digits or base64 are met by looking at every 13th and 40th byte. Base64 itself is
//! looked into where a whole document is logged, an event or a response.
//!
//! | family | what is replaced |
//! |---|---|
//! | [`Family::Keys`] | values of keys such as `password`, `api_key`, `*_token`, `authorization`, `cookie`; also as `key=value`, `key%3Dvalue`, `"key":"value"`, `key: Some("value")`, `("key", "value")` and `<key>value</key>` inside text |
//! | [`Family::Tokens`] | JWTs and JWEs, `Bearer` and `Basic` credentials, tokens of GitHub, GitLab, Slack, Stripe, npm, OpenAI and Google, private keys, passwords in URLs |
//! | [`Family::Emails`] | e-mail addresses, also with `%40` for the `@` and with letters beyond ASCII |
//! | [`Family::Cards`] | payment card numbers of 13 to 19 digits whose first digits and check digit are right |
//! | [`Family::Aws`] | access key ids, secret access keys, session tokens |

mod keys;
mod text;
mod address;
mod token;
mod run;
mod encoded;

use std::ops::Range;

use crate::json;

pub use keys::KeyRules;
pub(crate) use run::may_hold_run;

/// What stands in a secret's place.
pub const MARK: &str = "[REDACTED]";

/// A kind of secret that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// By the name of the key.
    Keys,
    /// Credentials with a known shape.
    Tokens,
    /// E-mail addresses.
    Emails,
    /// Payment card numbers.
    Cards,
    /// AWS access keys.
    Aws,
}

impl Family {
    /// All of them, in the order of the table above.
    pub const ALL: [Self; 5] = [
        Self::Keys,
        Self::Tokens,
        Self::Emails,
        Self::Cards,
        Self::Aws,
    ];

    /// The name that `OBS_REDACT` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Tokens => "tokens",
            Self::Emails => "emails",
            Self::Cards => "cards",
            Self::Aws => "aws",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Decides what is a secret. The default knows all families.
///
/// ```
/// use cloudvault_obs_core::redact::Redactor;
///
/// let redactor = Redactor::default();
/// assert!(redactor.is_secret_key("db.password"));
/// assert_eq!(redactor.redact("user=ann token=t0p&x=1"), "user=ann token=[REDACTED]&x=1");
/// ```
#[derive(Debug, Clone)]
pub struct Redactor {
    families: u8,
    keys: KeyRules,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(Family::ALL, KeyRules::default())
    }
}

impl Redactor {
    /// A redactor of these families.
    #[must_use]
    pub fn new(families: impl IntoIterator<Item = Family>, keys: KeyRules) -> Self {
        Self {
            families: families
                .into_iter()
                .fold(0, |bits, family| bits | family.bit()),
            keys,
        }
    }

    /// One that finds nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::new([], KeyRules::default())
    }

    /// Whether a value under `key` is a secret whatever it looks like.
    #[must_use]
    pub fn is_secret_key(&self, key: &str) -> bool {
        self.has(Family::Keys) && self.keys.is_secret(key.as_bytes())
    }

    /// Whether an integer reads as a payment card number.
    #[inline]
    #[must_use]
    pub fn is_secret_integer(&self, number: u64) -> bool {
        // The shortest card number has 13 digits.
        number >= 1_000_000_000_000 && self.integer(number)
    }

    #[cold]
    fn integer(&self, number: u64) -> bool {
        self.has(Family::Cards) && run::is_card(itoa::Buffer::new().format(number).as_bytes())
    }

    /// `text` with its secrets replaced. For text that is not yet escaped; the
    /// lines use [`Redactor::escaped`].
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        json::escape(&mut bytes, text);
        self.escaped(&mut bytes, 0, Marked(true));
        json::unescape(&bytes)
    }

    /// Replaces the secrets in `out[start..]`, text escaped for JSON, without
    /// its quotes. What is left is still valid inside those quotes. Answers
    /// whether anything was replaced.
    #[inline]
    pub fn escaped(&self, out: &mut Vec<u8>, start: usize, marked: Marked) -> bool {
        if !marked.0 && !may_hold_run(&out[start..]) {
            return false;
        }
        self.search(out, start, marked)
    }

    #[inline(never)]
    fn search(&self, out: &mut Vec<u8>, start: usize, marked: Marked) -> bool {
        let mut found = false;
        if marked.0 && self.families & !Family::Cards.bit() != 0 {
            let mut no_jwt_before = 0;
            found |= replace(out, start, |text, from| {
                self.find(text, from, &mut no_jwt_before)
            });
        }
        if self.has(Family::Cards) {
            found |= replace(out, start, run::card);
        }
        if self.has(Family::Aws) {
            found |= replace(out, start, run::aws_secret);
        }
        found
    }

    fn find(&self, text: &[u8], from: usize, no_jwt_before: &mut usize) -> Option<Range<usize>> {
        let mut at = from;
        while let Some(offset) = text[at..].iter().position(|&byte| is_mark(byte)) {
            at += offset;
            let found = text::secret_at(self, text, at, no_jwt_before);
            if let Some(range) = found.filter(|range| range.end > from && !range.is_empty()) {
                return Some(range.start.max(from)..range.end);
            }
            at += 1;
        }
        None
    }

    fn has(&self, family: Family) -> bool {
        self.families & family.bit() != 0
    }
}

/// Whether text holds one of the bytes that [`is_mark`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marked(pub bool);

/// The bytes without which text holds no secret but a run of digits or base64.
#[must_use]
pub const fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'@' | b':' | b'=' | b'%' | b'(' | b'>' | b'J' | b'A' | b'B' | b'b' | b'I' | b'_' | b'-'
    )
}

/// Replaces every range that `find` gives, from left to right.
fn replace(
    out: &mut Vec<u8>,
    start: usize,
    mut find: impl FnMut(&[u8], usize) -> Option<Range<usize>>,
) -> bool {
    let Some(first) = find(&out[start..], 0) else {
        return false;
    };
    let text = out.split_off(start);
    let (mut next, mut copied) = (Some(first), 0);
    while let Some(range) = next {
        let range = text::whole_escapes(&text, range);
        let range = range.start.max(copied)..range.end.max(copied);
        out.extend_from_slice(&text[copied..range.start]);
        out.extend_from_slice(MARK.as_bytes());
        copied = range.end;
        next = find(&text, copied);
    }
    out.extend_from_slice(&text[copied..]);
    true
}

#[cfg(test)]
mod tests;
