//! The names under which ids travel, in every spelling.

/// What a header, attribute or member of `__context__` is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// `x-correlation-id`, `X-Correlation-ID`, `xCorrelationId`.
    Exact,
    /// `correlation-id`, `correlation_id`, `correlationId`, `CorrelationID`.
    Plain,
    /// Any other `x-correlation-*`.
    Similar,
    /// W3C's `baggage`.
    Baggage,
    /// `X-Amzn-Trace-Id`, `AWSTraceHeader`.
    Trace,
    /// W3C's `traceparent`.
    TraceParent,
    /// `debug-log-enabled`: the sender wrote its debug lines.
    Debug,
    /// `correlation-lineage`: the functions that the request has passed.
    Lineage,
    /// None of ours.
    Other,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        // Most names end here, at their first letter.
        match name.as_bytes().first().map(u8::to_ascii_lowercase) {
            Some(b'x') if name.eq_ignore_ascii_case("x-amzn-trace-id") => Self::Trace,
            Some(b'x') if same_letters(name, b"xcorrelationid") => Self::Exact,
            Some(b'x') if starts_with(name, "x-correlation-") => Self::Similar,
            Some(b'c') if same_letters(name, b"correlationid") => Self::Plain,
            Some(b'c') if same_letters(name, b"correlationlineage") => Self::Lineage,
            Some(b'b') if name.eq_ignore_ascii_case("baggage") => Self::Baggage,
            Some(b'a') if name.eq_ignore_ascii_case("AWSTraceHeader") => Self::Trace,
            Some(b't') if name.eq_ignore_ascii_case("traceparent") => Self::TraceParent,
            Some(b'd') if name.eq_ignore_ascii_case("debug-log-enabled") => Self::Debug,
            _ => Self::Other,
        }
    }
}

/// Compares letters and digits without their case, and nothing else.
fn same_letters(name: &str, plain: &[u8]) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    // A name of kilobytes is none of ours.
    name.len() <= 2 * plain.len()
        && letters
            .map(|byte| byte.to_ascii_lowercase())
            .eq(plain.iter().copied())
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// The member `wanted` of a W3C baggage header: `correlation.id` of
/// `a=1,correlation.id=x;property`. Percent-encoded values are decoded, as the
/// standard has them.
pub(crate) fn of_baggage(text: &str, wanted: &str) -> Option<String> {
    text.split(',').find_map(|entry| {
        let (name, value) = entry.split_once('=')?;
        let value = value.split(';').next().unwrap_or(value).trim();
        (name.trim() == wanted).then(|| percent_decoded(value))
    })
}

fn percent_decoded(text: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let hex = |digits: &[u8]| Some(digit(digits[0])? << 4 | digit(digits[1])?);
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&byte, behind)) = rest.split_first() {
        let decoded = (byte == b'%')
            .then(|| behind.get(..2).and_then(hex))
            .flatten();
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: Name) {
        assert_eq!(Name::of(name), expect, "{name}");
    }

    #[test]
    fn names_are_known_in_every_spelling() {
        check("x-correlation-id", Name::Exact);
        check("X-CORRELATION-ID", Name::Exact);
        check("correlation_id", Name::Plain);
        check("correlationId", Name::Plain);
        check("x-correlation-token", Name::Similar);
        check("Baggage", Name::Baggage);
        check("X-Amzn-Trace-Id", Name::Trace);
        check("AWSTraceHeader", Name::Trace);
        check("traceParent", Name::TraceParent);
        check("debug-log-enabled", Name::Debug);
        check("correlation-lineage", Name::Lineage);
        for other in [
            "",
            "x",
            "x-correlation",
            "correlationids",
            "cookie",
            "\u{e9}",
        ] {
            check(other, Name::Other);
        }
    }

    #[test]
    fn baggage_gives_the_id_among_others_decoded() {
        let check = |text: &str, expect: Option<&str>| {
            let found = of_baggage(text, "correlation.id");
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("a=1, correlation.id=b-1;p=2", Some("b-1"));
        check("correlation.id=a%20b%2", Some("a b%2"));
        check("correlation.id=a%+1%zz%", Some("a%+1%zz%"));
        check("correlation.id=%C3%A9%FF", Some("\u{e9}\u{fffd}"));
        check("\t correlation.id \t=\t b=c==\t ;p", Some("b=c=="));
        check(",,=;=,correlation.id=b", Some("b"));
        check("Correlation.Id=b", None);
        check("correlation.id=", Some(""));
        check("correlation.id", None);
        check("xcorrelation.id=1", None);
    }
}
