//! A statistic: which number stands for all the values of one period.
//!
//! A [`Statistic`] that exists is valid; its text is parsed once, at the rim, and
//! [`Display`](fmt::Display) writes CloudWatch's spelling back.

mod parse;
mod compute;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use compute::Values;
pub use parse::StatisticError;

/// One of CloudWatch's statistics.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// How many values there were.
    SampleCount,
    /// Their sum.
    Sum,
    /// Sum by sample count.
    Average,
    /// The smallest value.
    Minimum,
    /// The largest value.
    Maximum,
    /// `p99.9`: the nearest rank, that is the maximum of the lowest 99.9 %.
    Percentile(Decimal),
    /// `TM(2%:98%)`: the average of the values within the bounds.
    TrimmedMean(Bounds),
    /// `WM(2%:98%)`: the average with the values outside moved to the bounds.
    WinsorizedMean(Bounds),
    /// `TC(2%:98%)`: how many values lie within the bounds.
    TrimmedCount(Bounds),
    /// `TS(2%:98%)`: the sum of the values within the bounds.
    TrimmedSum(Bounds),
    /// `PR(:300)`: the percentage of the values that lie within the bounds.
    PercentileRank(Bounds),
    /// `IQM`: `TM(25%:75%)`.
    InterquartileMean,
}

impl Statistic {
    /// Whether the statistic needs the values themselves, so that a statistic set
    /// cannot answer it: CloudWatch's "extended" statistics.
    pub fn is_extended(&self) -> bool {
        use Statistic::{Average, Maximum, Minimum, SampleCount, Sum};
        !matches!(self, SampleCount | Sum | Average | Minimum | Maximum)
    }

    /// The share (0 to 1) that a percentile asks for; `None` for the others.
    pub fn percentile_share(&self) -> Option<f64> {
        match self {
            Statistic::Percentile(p) => Some(p.value() / 100.0),
            _ => None,
        }
    }
}

/// The part of the values that a trimmed statistic keeps.
#[derive(Debug, Clone, PartialEq)]
pub enum Bounds {
    /// `(2%:98%)`: by rank. An omitted side is 0 or 100.
    Percent {
        /// Percent cut off below.
        low: Option<Decimal>,
        /// Percent at which the cut above begins.
        high: Option<Decimal>,
    },
    /// `(150:1000)`: by value; above the lower bound, up to and with the upper.
    Absolute {
        /// Values at or below this are out.
        low: Option<Decimal>,
        /// Values above this are out.
        high: Option<Decimal>,
    },
}

/// A number that keeps the spelling it was given, so that `p99.90` stays `p99.90`.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal {
    text: String,
    value: f64,
}

impl Decimal {
    /// The number.
    pub fn value(&self) -> f64 {
        self.value
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high, sign) = match self {
            Bounds::Percent { low, high } => (low, high, "%"),
            Bounds::Absolute { low, high } => (low, high, ""),
        };
        f.write_str("(")?;
        if let Some(low) = low {
            write!(f, "{low}{sign}")?;
        }
        f.write_str(":")?;
        if let Some(high) = high {
            write!(f, "{high}{sign}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statistic::SampleCount => f.write_str("SampleCount"),
            Statistic::Sum => f.write_str("Sum"),
            Statistic::Average => f.write_str("Average"),
            Statistic::Minimum => f.write_str("Minimum"),
            Statistic::Maximum => f.write_str("Maximum"),
            Statistic::InterquartileMean => f.write_str("IQM"),
            Statistic::Percentile(p) => write!(f, "p{p}"),
            Statistic::TrimmedMean(b) => write_trimmed(f, "TM", b),
            Statistic::WinsorizedMean(b) => write_trimmed(f, "WM", b),
            Statistic::TrimmedCount(b) => write_trimmed(f, "TC", b),
            Statistic::TrimmedSum(b) => write_trimmed(f, "TS", b),
            Statistic::PercentileRank(b) => write_trimmed(f, "PR", b),
        }
    }
}

/// `tm90` where that says it all, since CloudWatch's own console writes it so.
fn write_trimmed(f: &mut fmt::Formatter<'_>, name: &str, bounds: &Bounds) -> fmt::Result {
    match bounds {
        Bounds::Percent {
            low: None,
            high: Some(high),
        } => {
            write!(f, "{}{high}", name.to_lowercase())
        }
        _ => write!(f, "{name}{bounds}"),
    }
}

impl FromStr for Statistic {
    type Err = StatisticError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::parse(text)
    }
}

impl Serialize for Statistic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Statistic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
