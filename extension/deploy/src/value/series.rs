//! Values of a test's series: `0 0 5x10 _ 2.5`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The most values of one series: a week of minutes.
const MAX: usize = 10_080;

/// One number an interval; `None` is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(pub Vec<Option<f64>>);

impl Values {
    /// Reads `0 0 5x10 _`: a word is a number, or `_` for nothing, and `xN` repeats it N
    /// times.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Values, String> {
        let mut values = Vec::new();
        for word in text.split_whitespace() {
            let wrong = || {
                format!(
                    "`{word}` is not a value: expected a number, `_` for a missing one, or either repeated, such as `5x10`"
                )
            };
            let (value, times) = match word.split_once('x') {
                Some((value, times)) => (value, times.parse::<usize>().map_err(|_| wrong())?),
                None => (word, 1),
            };
            let value = match value {
                "_" => None,
                number => Some(
                    number
                        .parse::<f64>()
                        .ok()
                        .filter(|number| number.is_finite())
                        .ok_or_else(wrong)?,
                ),
            };
            if values.len().saturating_add(times) > MAX {
                return Err(format!("more than {MAX} values, a week of minutes"));
            }
            values.extend(std::iter::repeat_n(value, times));
        }
        Ok(Values(values))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        struct ValuesVisitor;

        impl Visitor<'_> for ValuesVisitor {
            type Value = Values;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("values such as `0 0 5x10 _`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Values, E> {
                Values::parse(text).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Values, E> {
                self.visit_f64(number as f64)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Values, E> {
                Ok(Values(vec![Some(number)]))
            }
        }

        deserializer.deserialize_any(ValuesVisitor)
    }
}

impl JsonSchema for Values {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Values such as `0 0 5x10 _`: numbers, `_` for a missing one, `xN` to repeat.",
            "anyOf": [
                { "type": "number" },
                {
                    "type": "string",
                    "pattern": "^\\s*((_|[-+]?[0-9]*\\.?[0-9]+([eE][-+]?[0-9]+)?)(x[0-9]+)?(\\s+|$))*$",
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_repeat_and_are_missing() {
        assert_eq!(
            Values::parse("0 1.5x2 _ _x2 -3"),
            Ok(Values(vec![
                Some(0.0),
                Some(1.5),
                Some(1.5),
                None,
                None,
                None,
                Some(-3.0)
            ]))
        );
        for text in ["five", "5x", "x5", "1 2,3", "NaN", "1x99999999"] {
            Values::parse(text).unwrap_err();
        }
    }
}
