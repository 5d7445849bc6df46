//! A number with or without a unit: `5`, `2500ms`, `10MB`, `5%`.

use super::duration::{Span, split};

/// A number and what it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// In the base unit of `amount`.
    pub value: f64,
    /// What the number counts.
    pub amount: Amount,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Nothing said: the metric's own unit.
    Plain,
    /// A time; the value is in milliseconds.
    Time,
    /// A size; the value is in bytes.
    Size,
    /// A share; 5 % is the value 5.
    Percent,
}

/// Sizes. Lambda's "MB" is 1,048,576 bytes, and so is S3's and everyone's who means
/// memory; `kB` alone is decimal nowhere in AWS's limits.
const SIZES: [(&str, f64); 8] = [
    ("B", 1.0),
    ("KB", 1024.0),
    ("KiB", 1024.0),
    ("MB", 1_048_576.0),
    ("MiB", 1_048_576.0),
    ("GB", 1_073_741_824.0),
    ("GiB", 1_073_741_824.0),
    ("TB", 1_099_511_627_776.0),
];

impl Quantity {
    /// Reads `2500ms`.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Quantity, String> {
        let (number, unit) = split(text);
        // `1e6` splits at the `e`: a plain number wins.
        if let Ok(value) = text.trim().parse::<f64>()
            && value.is_finite()
        {
            return Ok(Quantity {
                value,
                amount: Amount::Plain,
            });
        }
        let Ok(number) = number.parse::<f64>() else {
            return Err(format!("`{text}` is not a number"));
        };
        if unit == "%" {
            return Ok(Quantity {
                value: number,
                amount: Amount::Percent,
            });
        }
        if let Some(factor) = Span::factor(unit) {
            return Ok(Quantity {
                value: number * factor as f64,
                amount: Amount::Time,
            });
        }
        match SIZES.iter().find(|(name, _)| *name == unit) {
            Some((_, factor)) => Ok(Quantity {
                value: number * factor,
                amount: Amount::Size,
            }),
            None => Err(format!(
                "`{unit}` is not a known unit: expected `ms`, `s`, `m`, `h`, `B`, `KB`, `MB`, `GB` or `%`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: f64, amount: Amount) {
        assert_eq!(
            Quantity::parse(text),
            Ok(Quantity { value, amount }),
            "{text}"
        );
    }

    #[test]
    fn numbers_carry_their_units() {
        check("5", 5.0, Amount::Plain);
        check("1e6", 1e6, Amount::Plain);
        check("2500ms", 2500.0, Amount::Time);
        check("2.5 s", 2500.0, Amount::Time);
        check("256MB", 268_435_456.0, Amount::Size);
        check("5%", 5.0, Amount::Percent);
        assert!(
            Quantity::parse("5 furlongs")
                .unwrap_err()
                .contains("`furlongs`")
        );
        assert!(Quantity::parse("many").is_err());
    }
}
