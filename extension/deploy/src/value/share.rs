//! A share of a whole: `99.9%`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::quantity::{Amount, Quantity};

/// A share: above 0, at most 1, 99.9 % being 0.999.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl Share {
    /// Reads `99.9%`.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Share, String> {
        let wrong = || format!("`{text}` is not a share: expected one such as `99.9%`");
        let quantity = Quantity::parse(text).map_err(|_| wrong())?;
        if quantity.amount != Amount::Percent {
            return Err(wrong());
        }
        if !(0.0..=100.0).contains(&quantity.value) {
            return Err(format!("`{text}` is not between 0% and 100%"));
        }
        // 99.9 / 100 is 0.9990000000000001 to the machine.
        Ok(Share((quantity.value * 1e9).round() / 1e11))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        struct ShareVisitor;

        impl Visitor<'_> for ShareVisitor {
            type Value = Share;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a share such as `99.9%`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Share, E> {
                Share::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(ShareVisitor)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A share such as `99.9%`.",
            "pattern": "^\\s*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)\\s*%\\s*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percents_and_bad_ones_say_why() {
        assert_eq!(Share::parse("99.9%"), Ok(Share(0.999)));
        assert_eq!(Share::parse("5 %"), Ok(Share(0.05)));
        assert_eq!(Share::parse("99.95%"), Ok(Share(0.9995)));
        for text in ["99.9", "101%", "-1%", "most", "5ms"] {
            Share::parse(text).unwrap_err();
        }
    }
}
