//! Series, units and CloudWatch's limits on them.

use std::{error, fmt};

/// What tells one stream of datapoints from another in CloudWatch.
///
/// CloudWatch bills every distinct dimension set of a name as a metric of its
/// own: never make a dimension of a request id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series {
    /// Namespace, 1 to 255 characters.
    pub namespace: String,
    /// Metric name, 1 to 255 characters.
    pub name: String,
    /// At most 30 pairs of name and value, in the order in which they are sent.
    pub dimensions: Vec<(String, String)>,
    /// Unit of every value.
    pub unit: Unit,
    /// How finely CloudWatch stores the datapoints.
    pub resolution: Resolution,
    /// How the values combine.
    pub kind: Kind,
}

impl Series {
    /// Checks the series against what PutMetricData accepts.
    ///
    /// # Errors
    ///
    /// The first limit that is broken, by name.
    pub fn check(&self) -> Result<(), LimitError> {
        let error = |what, text: &str| Err(LimitError::new(what, text));
        let named = |text: &str| !text.trim().is_empty() && text.chars().count() <= 255;
        let plain = |text: &str| text.chars().all(|c| !c.is_control());
        if !named(&self.namespace) || !ascii(&self.namespace) || self.namespace.starts_with(':') {
            return error(
                "namespace has to be 1 to 255 ASCII characters, not starting with ':'",
                &self.namespace,
            );
        }
        if self.namespace.starts_with("AWS/") {
            return error("namespaces that begin AWS/ are reserved", &self.namespace);
        }
        if !named(&self.name) || !plain(&self.name) {
            return error(
                "metric name has to be 1 to 255 printable characters",
                &self.name,
            );
        }
        if self.dimensions.len() > 30 {
            return error("a metric has at most 30 dimensions", &self.name);
        }
        for (index, (name, value)) in self.dimensions.iter().enumerate() {
            if !named(name) || !ascii(name) || name.starts_with(':') {
                return error(
                    "dimension name has to be 1 to 255 ASCII characters, not starting with ':'",
                    name,
                );
            }
            if value.trim().is_empty() || value.len() > 1024 || !ascii(value) {
                return error(
                    "dimension value has to be 1 to 1,024 ASCII characters, not blank",
                    value,
                );
            }
            if self.dimensions[..index]
                .iter()
                .any(|(other, _)| other == name)
            {
                return error("dimension is given twice", name);
            }
        }
        Ok(())
    }
}

fn ascii(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_control())
}

/// Whether CloudWatch takes `value`: finite, and at most 2^360 in magnitude.
#[must_use]
#[inline]
pub fn value_is_valid(value: f64) -> bool {
    // NaN compares as false; the infinities are larger.
    value.abs() <= MAX_VALUE
}

/// 2^360 in bits: `powi` is not const.
const MAX_VALUE: f64 = f64::from_bits((360 + 1023) << 52);

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether CloudWatch takes a point recorded at `timestamp_ms` and sent at
/// `now_ms`: from two weeks before to two hours after.
#[must_use]
pub fn timestamp_is_valid(timestamp_ms: i64, now_ms: i64) -> bool {
    let age = now_ms.saturating_sub(timestamp_ms);
    (-DAY_MS / 12..=14 * DAY_MS).contains(&age)
}

/// A limit of CloudWatch that a series breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitError {
    what: &'static str,
    text: String,
}

impl LimitError {
    pub(crate) fn new(what: &'static str, text: &str) -> Self {
        Self {
            what,
            text: text.chars().take(80).collect(),
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.what, self.text)
    }
}

impl error::Error for LimitError {}

/// How the values of a series combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Increments that add up.
    Counter,
    /// A level; the last value stands.
    Gauge,
    /// A distribution; every value counts.
    Histogram,
}

impl Kind {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        [Self::Counter, Self::Gauge, Self::Histogram]
            .get(usize::from(code))
            .copied()
    }
}

/// How finely CloudWatch stores a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Resolution {
    /// One datapoint a minute.
    #[default]
    Standard,
    /// One datapoint a second ("high resolution"); alarms on it may have periods
    /// of 10, 20 and 30 seconds, and cost three times as much.
    High,
}

impl Resolution {
    /// `StorageResolution` as PutMetricData takes it.
    #[must_use]
    pub fn seconds(self) -> u8 {
        match self {
            Self::Standard => 60,
            Self::High => 1,
        }
    }

    pub(crate) fn from_seconds(seconds: u8) -> Option<Self> {
        match seconds {
            60 => Some(Self::Standard),
            1 => Some(Self::High),
            _ => None,
        }
    }
}

macro_rules! units {
    ($($name:ident $text:literal),+ $(,)?) => {
        /// CloudWatch's units.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum Unit {
            $(#[doc = concat!("`", $text, "`")] $name,)+
            /// `None`: the value has no unit.
            #[default]
            None,
        }

        impl Unit {
            /// Every unit, in the order of AWS's documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+ Self::None];

            /// CloudWatch's spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::None => "None",
                }
            }
        }
    };
}

units! {
    Seconds "Seconds", Microseconds "Microseconds", Milliseconds "Milliseconds",
    Bytes "Bytes", Kilobytes "Kilobytes", Megabytes "Megabytes", Gigabytes "Gigabytes",
    Terabytes "Terabytes", Bits "Bits", Kilobits "Kilobits", Megabits "Megabits",
    Gigabits "Gigabits", Terabits "Terabits", Percent "Percent", Count "Count",
    BytesPerSecond "Bytes/Second", KilobytesPerSecond "Kilobytes/Second",
    MegabytesPerSecond "Megabytes/Second", GigabytesPerSecond "Gigabytes/Second",
    TerabytesPerSecond "Terabytes/Second", BitsPerSecond "Bits/Second",
    KilobitsPerSecond "Kilobits/Second", MegabitsPerSecond "Megabits/Second",
    GigabitsPerSecond "Gigabits/Second", TerabitsPerSecond "Terabits/Second",
    CountPerSecond "Count/Second",
}

impl Unit {
    /// Reads CloudWatch's spelling, as [`Unit::as_str`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|unit| unit.as_str() == text)
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series {
            namespace: "CloudVault".into(),
            name: "FilesUploaded".into(),
            dimensions: vec![("service".into(), "cloudvault".into())],
            unit: Unit::Count,
            resolution: Resolution::Standard,
            kind: Kind::Counter,
        }
    }

    fn check(change: impl FnOnce(&mut Series), expect: &str) {
        let mut series = series();
        change(&mut series);
        let message = series
            .check()
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            message.starts_with(expect) && message.is_empty() == expect.is_empty(),
            "{message}"
        );
    }

    #[test]
    fn every_limit_is_named() {
        check(|_| {}, "");
        check(|s| s.namespace.clear(), "namespace has to be");
        check(
            |s| s.namespace = "AWS/Lambda".into(),
            "namespaces that begin AWS/",
        );
        check(|s| s.namespace = "Caf\u{e9}".into(), "namespace has to be");
        check(|s| s.namespace = ":N".into(), "namespace has to be");
        check(|s| s.namespace = "a\tb".into(), "namespace has to be");
        check(|s| s.namespace = "n".repeat(256), "namespace has to be");
        check(|s| s.namespace = "A-z_0.9/#: b".into(), "");
        check(|s| s.name = " ".into(), "metric name has to be");
        check(|s| s.name = "a\nb".into(), "metric name has to be");
        check(|s| s.name = ":caf\u{e9}".repeat(51), "");
        check(|s| s.name = "x".repeat(256), "metric name has to be");
        check(|s| s.name = "x".repeat(255), "");
        check(
            |s| s.dimensions[0].1 = String::new(),
            "dimension value has to be",
        );
        check(
            |s| s.dimensions[0].1 = "caf\u{e9}".into(),
            "dimension value has to be",
        );
        check(
            |s| s.dimensions[0].0 = ":a".into(),
            "dimension name has to be",
        );
        check(
            |s| s.dimensions[0].0 = "n".repeat(256),
            "dimension name has to be",
        );
        for (value, expect) in [
            ("v".repeat(1024), ""),
            (" ".to_owned(), "dimension value has to be"),
            ("v".repeat(1025), "dimension value has to be"),
            ("a\u{7f}".to_owned(), "dimension value has to be"),
        ] {
            check(|s| s.dimensions[0].1 = value, expect);
        }
        check(
            |s| s.dimensions.push(("service".into(), "b".into())),
            "dimension is given twice",
        );
        check(
            |s| s.dimensions = (0..30).map(|n| (format!("d{n}"), "v".into())).collect(),
            "",
        );
        check(
            |s| s.dimensions = (0..31).map(|n| (format!("d{n}"), "v".into())).collect(),
            "a metric has at most 30",
        );
    }

    #[test]
    fn there_are_twenty_seven_units_and_codes_round_trip() {
        assert_eq!(Unit::ALL.len(), 27);
        for &unit in Unit::ALL {
            assert_eq!(Unit::from_code(unit.code()), Some(unit));
            assert_eq!(Unit::parse(unit.as_str()), Some(unit));
        }
        assert_eq!(Unit::from_code(27), None);
    }

    #[test]
    fn values_stop_at_two_to_the_360() {
        assert!(value_is_valid(2f64.powi(360)) && value_is_valid(-0.0));
        assert!(
            !value_is_valid(2f64.powi(361))
                && !value_is_valid(f64::NAN)
                && !value_is_valid(f64::INFINITY)
        );
    }

    #[test]
    fn timestamps_reach_from_two_weeks_ago_to_two_hours_ahead() {
        let now = 1_795_405_294_506;
        for (offset, expect) in [
            (0, true),
            (2 * 3_600_000, true),
            (2 * 3_600_000 + 1, false),
            (-14 * DAY_MS, true),
            (-14 * DAY_MS - 1, false),
        ] {
            assert_eq!(timestamp_is_valid(now + offset, now), expect, "{offset}");
        }
        assert!(!timestamp_is_valid(i64::MIN, now) && !timestamp_is_valid(i64::MAX, now));
    }
}
