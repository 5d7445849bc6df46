//! What CloudWatch stores: a metric is its namespace, its name and its exact set
//! of dimensions; a sample is a value and how often it was seen at one time.
//!
//! [`MetricSource`] is the only way data enters the engine, so the local account,
//! a test and a backtest feed it alike. [`MemorySource`] is the double that our
//! own tests and those of our users take.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The identity of a metric. Nothing is rolled up across dimensions: two metrics
/// that differ in one dimension have nothing to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId {
    /// The namespace, such as `AWS/Lambda`; at most 255 characters.
    pub namespace: String,
    /// The name, such as `Errors`; at most 255 characters.
    pub name: String,
    /// Name and value of each dimension, sorted by name; at most 30.
    pub dimensions: Vec<(String, String)>,
}

impl MetricId {
    /// A metric's identity from its parts; the dimensions are sorted here.
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        mut dimensions: Vec<(String, String)>,
    ) -> Self {
        dimensions.sort();
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions,
        }
    }

    /// The value of one dimension, if the metric has it.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        let mut dimensions = self.dimensions.iter();
        dimensions.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// CloudWatch's units in its spelling.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A unit, one of CloudWatch's 26 or `None`. Units are separate streams: asking
/// for one gives only the samples recorded with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(&'static str);

impl Unit {
    /// What a datum without a unit has.
    pub const NONE: Unit = Unit("None");

    /// The unit with exactly this spelling, such as `Milliseconds`.
    pub fn parse(text: &str) -> Option<Unit> {
        UNITS.iter().find(|u| **u == text).map(|u| Unit(u))
    }

    /// CloudWatch's spelling.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Every unit, in the order of the API reference.
    pub fn all() -> impl Iterator<Item = Unit> {
        UNITS.iter().map(|u| Unit(u))
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Unit::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected one of CloudWatch's units, found `{text}`"
            ))
        })
    }
}

/// One value of a metric and how often it was seen at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When, in milliseconds since 1970 (UTC).
    pub timestamp_ms: i64,
    /// What it was stored with: 60 (standard) or 1 (high resolution), seconds.
    /// Periods below 60 s see only samples of resolution 1.
    pub resolution_s: u32,
    /// The unit it was recorded with.
    pub unit: Unit,
    /// The value; finite.
    pub value: f64,
    /// How many times; positive, and a fraction is allowed as in CloudWatch.
    pub count: f64,
    /// It stands for part of a `StatisticSet`: a guess, which no percentile rests on.
    pub of_set: bool,
}

/// Values with counts that have the four numbers of a `StatisticSet`: its sample
/// count, sum, minimum and maximum come out of them again. One value is exact, as for
/// a set of one sample or of equal ones; several are a guess of how the set's values
/// lay, and CloudWatch gives no percentile of it.
pub fn values_of_statistic_set(
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
) -> Vec<(f64, f64)> {
    if minimum == maximum || count <= 1.0 {
        return vec![(sum / count, count)];
    }
    if count <= 2.0 {
        return vec![(minimum, count / 2.0), (maximum, count / 2.0)];
    }
    let rest = (sum - minimum - maximum) / (count - 2.0);
    vec![(minimum, 1.0), (rest, count - 2.0), (maximum, 1.0)]
}

/// A span of time, the start included, the end not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First millisecond of the range.
    pub start_ms: i64,
    /// First millisecond after it.
    pub end_ms: i64,
}

impl TimeRange {
    /// Whether the time lies in the range.
    pub fn contains(&self, timestamp_ms: i64) -> bool {
        self.start_ms <= timestamp_ms && timestamp_ms < self.end_ms
    }

    /// Length in milliseconds; zero for a range that ends before it starts.
    pub fn length_ms(&self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms).max(0)
    }
}

/// Which metrics to list, as `ListMetrics` asks: every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricFilter {
    /// Exactly this namespace.
    pub namespace: Option<String>,
    /// Exactly this metric name.
    pub name: Option<String>,
    /// The metric has each of these dimensions, with the value if one is given.
    pub dimensions: Vec<(String, Option<String>)>,
}

impl MetricFilter {
    /// Whether a metric passes.
    pub fn accepts(&self, metric: &MetricId) -> bool {
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        same(&self.namespace, &metric.namespace)
            && same(&self.name, &metric.name)
            && self.dimensions.iter().all(|(name, value)| {
                metric
                    .dimension(name)
                    .is_some_and(|found| same(value, found))
            })
    }
}

/// Where the engine reads data. Implementations answer from what they have and do
/// not fail: a metric that is not known has no samples.
pub trait MetricSource {
    /// The samples of one metric, of every unit and resolution, whose timestamps
    /// lie in the range; in any order.
    fn samples(&self, metric: &MetricId, range: TimeRange) -> Vec<Sample>;

    /// The metrics that pass the filter; in any order.
    fn list(&self, filter: &MetricFilter) -> Vec<MetricId>;
}

/// A [`MetricSource`] in memory, for tests and for data that was made up or fetched.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    /// The samples of each metric, oldest first.
    metrics: BTreeMap<MetricId, Vec<Sample>>,
}

impl MemorySource {
    /// An empty source.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one sample of a metric.
    pub fn push(&mut self, metric: &MetricId, sample: Sample) {
        let samples = self.metrics.entry(metric.clone()).or_default();
        let at = match samples.last() {
            Some(last) if last.timestamp_ms > sample.timestamp_ms => {
                samples.partition_point(|s| s.timestamp_ms <= sample.timestamp_ms)
            }
            _ => samples.len(),
        };
        samples.insert(at, sample);
    }

    /// Adds one value a period from `start_ms` on; `None` leaves the period empty.
    pub fn push_periods(
        &mut self,
        metric: &MetricId,
        start_ms: i64,
        period_s: u32,
        values: &[Option<f64>],
    ) {
        self.metrics.entry(metric.clone()).or_default();
        for (index, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let sample = Sample {
                timestamp_ms: start_ms + index as i64 * i64::from(period_s) * 1000,
                resolution_s: if period_s < 60 { 1 } else { 60 },
                unit: Unit::NONE,
                value,
                count: 1.0,
                of_set: false,
            };
            self.push(metric, sample);
        }
    }
}

impl MetricSource for MemorySource {
    fn samples(&self, metric: &MetricId, range: TimeRange) -> Vec<Sample> {
        let Some(samples) = self.metrics.get(metric) else {
            return Vec::new();
        };
        let first = samples.partition_point(|s| s.timestamp_ms < range.start_ms);
        let inside = samples[first..].iter();
        inside
            .take_while(|s| s.timestamp_ms < range.end_ms)
            .copied()
            .collect()
    }

    fn list(&self, filter: &MetricFilter) -> Vec<MetricId> {
        self.metrics
            .keys()
            .filter(|m| filter.accepts(m))
            .cloned()
            .collect()
    }
}
