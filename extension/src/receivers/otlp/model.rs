//! What both encodings say, as far as it matters here.

/// One export: metrics of all resources and scopes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Export {
    /// The metrics, in their order.
    pub metrics: Vec<Metric>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metric {
    /// `service.name` of its resource.
    pub service: Option<String>,
    /// Its name.
    pub name: String,
    /// Its unit in UCUM.
    pub unit: String,
    /// How its points are to be understood.
    pub shape: Shape,
    /// Its points.
    pub points: Vec<Point>,
}

/// How points are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Quantiles, or a kind that is not known: no sample can be made of it.
    #[default]
    Unsupported,
    /// A level.
    Gauge,
    /// A sum.
    Sum {
        /// Since when.
        temporality: Temporality,
        /// Whether it only grows.
        monotonic: bool,
    },
    /// A histogram of either kind.
    Histogram(Temporality),
}

/// Since when a sum or a histogram counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporality {
    /// Not said: such a point has no meaning.
    #[default]
    Unspecified,
    /// Since the point before.
    Delta,
    /// Since its start.
    Cumulative,
}

impl Temporality {
    /// `AggregationTemporality` by its number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// One point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// Attributes whose values are text, a number or a truth.
    pub attributes: Vec<(String, String)>,
    /// Since when, nanoseconds since the epoch; 0 if not said.
    pub start_ns: u64,
    /// When, nanoseconds since the epoch; 0 if not said.
    pub time_ns: u64,
    /// Whether it says that there is no value.
    pub absent: bool,
    /// What was measured.
    pub value: Value,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    None,
    /// A number.
    Number(f64),
    /// A distribution.
    Counts(super::buckets::Counts),
}

/// Bit 0 of `flags`: `DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`.
pub(super) fn is_absent(flags: u64) -> bool {
    flags & 1 == 1
}
