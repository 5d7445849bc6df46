//! A span of time with its unit: `10s`, `5m`, `1h`, `500ms`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A span of time of at least a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    milliseconds: u64,
}

/// Factors of the units, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl Span {
    /// From whole seconds.
    pub fn from_seconds(seconds: u32) -> Span {
        Span {
            milliseconds: u64::from(seconds) * 1_000,
        }
    }

    /// In milliseconds.
    pub fn milliseconds(self) -> u64 {
        self.milliseconds
    }

    /// In whole seconds; `None` when it is a fraction of one or too long.
    pub fn seconds(self) -> Option<u32> {
        (self.milliseconds.is_multiple_of(1_000))
            .then(|| u32::try_from(self.milliseconds / 1_000).ok())
            .flatten()
    }

    /// As the standard library has it.
    pub fn std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.milliseconds)
    }

    /// Reads `5m`.
    ///
    /// # Errors
    /// A sentence saying what is wrong: no unit, an unknown one, no number, zero.
    pub fn parse(text: &str) -> Result<Span, String> {
        let (number, unit) = split(text);
        let Ok(number) = number.parse::<f64>() else {
            return Err(format!(
                "`{text}` is not a duration: expected a number with a unit, such as `10s` or `5m`"
            ));
        };
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(if unit.is_empty() {
                format!(
                    "the duration `{text}` has no unit: write `{text}s` for seconds, or `ms`, `m`, `h`, `d`"
                )
            } else {
                format!("`{unit}` is not a unit of time: expected `ms`, `s`, `m`, `h` or `d`")
            });
        };
        let milliseconds = number * *factor as f64;
        // A hundred years: anything above is a slip, and below it f64 is exact.
        if !(1.0..=3.2e12).contains(&milliseconds) || milliseconds.fract() != 0.0 {
            return Err(format!(
                "`{text}` is not a duration between 1ms and 100 years"
            ));
        }
        Ok(Span {
            milliseconds: milliseconds as u64,
        })
    }

    /// The factor to milliseconds of a unit of time.
    pub(super) fn factor(unit: &str) -> Option<u64> {
        UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
    }
}

/// Splits `2.5MB` into `2.5` and `MB`.
pub(super) fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (unit, factor) = UNITS
            .iter()
            .rev()
            .find(|(_, factor)| self.milliseconds.is_multiple_of(*factor))
            .unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.milliseconds / factor)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        struct SpanVisitor;

        impl Visitor<'_> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a duration with its unit, such as `10s` or `5m`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Span, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Span, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(SpanVisitor)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration with its unit, such as `10s` or `5m`.",
            "pattern": "^\\s*\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(ms|s|m|h|d)\\s*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<u64, &str>) {
        match (Span::parse(text), expect) {
            (Ok(span), Ok(milliseconds)) => assert_eq!(span.milliseconds, milliseconds, "{text}"),
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn durations_have_units_and_bad_ones_say_why() {
        check("10s", Ok(10_000));
        check("5m", Ok(300_000));
        check("1.5h", Ok(5_400_000));
        check("2 d", Ok(172_800_000));
        check("250ms", Ok(250));
        check("10", Err("no unit"));
        check("10 parsecs", Err("`parsecs` is not a unit of time"));
        check("soon", Err("is not a duration"));
        check("0s", Err("between 1ms"));
        check("-5s", Err("between 1ms"));
    }
}
