//! The id that follows one request through every function it reaches.

use std::{error, fmt, str::FromStr, sync::Arc};

/// 1 to 256 printable ASCII characters, cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// The longest id taken over from outside.
    pub const MAX: usize = 256;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CorrelationId {
    type Err = InvalidCorrelationId;

    /// Blanks around the id are dropped. Anything that could not travel in an
    /// HTTP header is refused, so that a foreign id cannot forge one.
    fn from_str(text: &str) -> Result<Self, InvalidCorrelationId> {
        let text = text.trim();
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if text.is_empty() || text.len() > Self::MAX || !printable {
            return Err(InvalidCorrelationId(()));
        }
        Ok(Self(text.into()))
    }
}

impl AsRef<str> for CorrelationId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is empty, too long, or not printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCorrelationId(());

impl fmt::Display for InvalidCorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("correlation id: expected 1 to 256 printable ASCII characters")
    }
}

impl error::Error for InvalidCorrelationId {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(
            text.parse::<CorrelationId>()
                .ok()
                .as_ref()
                .map(CorrelationId::as_str),
            expect
        );
    }

    #[test]
    fn only_what_fits_a_header_is_an_id() {
        check("corr-123", Some("corr-123"));
        check("  padded ", Some("padded"));
        check("", None);
        check("a\r\nx-evil: 1", None);
        check("caf\u{e9}", None);
        check(&"x".repeat(256), Some(&"x".repeat(256)));
        check(&"x".repeat(257), None);
    }
}
