//! When an alarm breaches: `> 0`, `>= 2500ms`, `> 90% of timeout`; and `3 of 5`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::quantity::{Amount, Quantity};

/// How a value is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Greater => "GreaterThanThreshold",
            Comparison::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Comparison::Less => "LessThanThreshold",
            Comparison::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }
}

/// What is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Threshold {
    /// A number with or without a unit.
    Fixed(Quantity),
    /// A share of a property of the alarm's resource: `90% of timeout`.
    Share {
        /// The share, 90 % being 0.9.
        share: f64,
        /// The property's name.
        of: String,
    },
}

/// A comparison with its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub threshold: Threshold,
}

impl Condition {
    /// Reads `> 90% of timeout`.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let text = text.trim();
        let (comparison, rest) = [
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)))
        .ok_or_else(|| {
            format!("`{text}` is not a condition: expected `>`, `>=`, `<` or `<=` and a threshold, such as `> 0`")
        })?;
        Ok(Condition {
            comparison,
            threshold: Threshold::parse(rest.trim())?,
        })
    }
}

impl Threshold {
    fn parse(text: &str) -> Result<Threshold, String> {
        let Some((share, of)) = text.split_once(" of ") else {
            return Quantity::parse(text).map(Threshold::Fixed);
        };
        let share = Quantity::parse(share)?;
        if share.amount != Amount::Percent {
            return Err(format!(
                "`{text}`: expected a share before `of`, such as `90% of timeout`"
            ));
        }
        Ok(Threshold::Share {
            share: share.value / 100.0,
            // `rate limit` and `rate_limit` are the same to whoever writes it.
            of: of.trim().replace(' ', "_"),
        })
    }
}

/// M of N: how many datapoints of how many evaluation periods must breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datapoints {
    /// M, at least 1.
    pub to_alarm: u32,
    /// N, at least M.
    pub periods: u32,
}

impl Datapoints {
    /// One of one, the default.
    pub const ONE: Datapoints = Datapoints {
        to_alarm: 1,
        periods: 1,
    };

    /// Reads `3 of 5`.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Datapoints, String> {
        let wrong = || {
            format!("`{text}` is not a count of datapoints: expected `M of N`, such as `3 of 5`")
        };
        let (to_alarm, periods) = text.split_once(" of ").ok_or_else(wrong)?;
        let to_alarm: u32 = to_alarm.trim().parse().map_err(|_| wrong())?;
        let periods: u32 = periods.trim().parse().map_err(|_| wrong())?;
        if periods == 0 {
            return Err(format!("`{text}`: an alarm looks at one datapoint or more"));
        }
        if to_alarm == 0 || to_alarm > periods {
            return Err(format!(
                "`{text}`: between 1 and {periods} datapoints of {periods} can be asked for"
            ));
        }
        Ok(Datapoints { to_alarm, periods })
    }
}

macro_rules! from_text {
    ($type:ty, $expecting:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct TextVisitor;

                impl Visitor<'_> for TextVisitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        <$type>::parse(text).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(TextVisitor)
            }
        }
    };
}

from_text!(Condition, "a condition such as `> 0` or `> 90% of timeout`");
from_text!(Datapoints, "a count of datapoints such as `3 of 5`");

impl JsonSchema for Condition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)";
        let plain = format!(r"{number}([eE][-+]?[0-9]+)?");
        let unit = r"(ms|s|m|h|d|B|KB|KiB|MB|MiB|GB|GiB|TB|%)";
        let share = format!(r"{number}\s*%\s+of\s+[A-Za-z_ ]+");
        json_schema!({
            "type": "string",
            "description": "A comparison with a threshold, such as `> 0`, `>= 2500ms` or `> 90% of timeout`.",
            "pattern": format!(r"^\s*[<>]=?\s*({plain}|{number}\s*{unit}|{share})\s*$"),
        })
    }
}

impl JsonSchema for Datapoints {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Datapoints".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "How many datapoints of how many evaluation periods have to breach: `3 of 5`.",
            "pattern": r"^\s*[0-9]+\s+of\s+[0-9]+\s*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_as_they_are_said() {
        let condition = Condition::parse("> 90% of timeout").unwrap();
        assert_eq!(condition.comparison, Comparison::Greater);
        assert_eq!(
            condition.threshold,
            Threshold::Share {
                share: 0.9,
                of: "timeout".to_owned()
            }
        );
        let condition = Condition::parse(">=2500ms").unwrap();
        assert_eq!(condition.comparison, Comparison::GreaterOrEqual);
    }

    #[test]
    fn bad_conditions_say_what_was_expected() {
        for (text, part) in [
            ("5", "expected `>`"),
            ("> five", "not a number"),
            ("> 5 furlongs", "not a known unit"),
            ("> 5 of timeout", "expected a share"),
        ] {
            let message = Condition::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        for text in ["3", "0 of 3", "4 of 3", "a of b"] {
            Datapoints::parse(text).unwrap_err();
        }
    }
}
