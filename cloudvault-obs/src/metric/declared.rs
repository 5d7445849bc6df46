//! What a program says about its metrics before it uses them, in `main` or in a
//! test, whether or not a recorder exists by then. Nothing here belongs to an
//! invocation.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use cloudvault_obs_core::metric::{Resolution, Unit};

/// What is said about one metric; what is left out keeps its default.
///
/// ```
/// use cloudvault_obs::metric::{self, Description, Unit};
///
/// // The facade's own units are 17; these are all of CloudWatch's.
/// metric::describe("Throughput", Unit::MegabytesPerSecond);
/// metric::describe(
///     "Latency",
///     Description::default()
///         .unit(Unit::Milliseconds)
///         .high_resolution()
///         .dimension_sets(&[&["service"], &["service", "bucket"]]),
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "hand it to `describe`"]
pub struct Description {
    pub(super) unit: Option<Unit>,
    pub(super) resolution: Option<Resolution>,
    pub(super) sets: Option<Vec<Vec<String>>>,
}

impl Description {
    /// The unit of every value.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// A datapoint a second instead of one a minute, so that alarms may look
    /// every 10 seconds; such an alarm costs three times as much.
    pub fn high_resolution(mut self) -> Self {
        self.resolution = Some(Resolution::High);
        self
    }

    /// One metric in CloudWatch for each of `sets`, lists of dimension names,
    /// instead of one with all dimensions. Each set is billed on its own.
    pub fn dimension_sets(mut self, sets: &[&[&str]]) -> Self {
        let owned = |set: &&[&str]| set.iter().map(|&name| name.to_owned()).collect();
        self.sets = Some(sets.iter().map(owned).collect());
        self
    }
}

impl From<Unit> for Description {
    fn from(unit: Unit) -> Self {
        Self::default().unit(unit)
    }
}

#[derive(Debug, Default)]
struct Declared {
    metrics: HashMap<String, Description>,
    dimensions: Vec<(String, String)>,
}

static DECLARED: LazyLock<Mutex<Declared>> = LazyLock::new(Mutex::default);

fn declared() -> MutexGuard<'static, Declared> {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says what the metric `name` measures. It goes before what the facade's
/// `describe_*` macros say. Call it before the metric is first used: a metric
/// keeps what was known then.
pub fn describe(name: &str, description: impl Into<Description>) {
    let new = description.into();
    let mut declared = declared();
    let known = declared.metrics.entry(name.to_owned()).or_default();
    known.unit = new.unit.or(known.unit);
    known.resolution = new.resolution.or(known.resolution);
    known.sets = new.sets.or(known.sets.take());
}

/// Stores the metric `name` with a datapoint a second instead of one a minute,
/// so that alarms on it may look every 10 seconds. Call it before the metric is
/// first used; CloudWatch bills such an alarm at three times the price.
pub fn high_resolution(name: &str) {
    describe(name, Description::default().high_resolution());
}

/// Gives every metric of the process these dimensions, after `service` and those
/// of `OBS_DIMENSIONS`. Call it in `main`; a metric's own label of the same name
/// goes before, and so does an earlier default.
///
/// ```
/// cloudvault_obs::metric::default_dimensions([("environment", "production")]);
/// ```
pub fn default_dimensions<N: Into<String>, V: Into<String>>(
    dimensions: impl IntoIterator<Item = (N, V)>,
) {
    let dimensions = dimensions
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()));
    declared().dimensions.extend(dimensions);
}

pub(super) fn of(name: &str) -> Description {
    declared().metrics.get(name).cloned().unwrap_or_default()
}

pub(super) fn dimensions() -> Vec<(String, String)> {
    declared().dimensions.clone()
}
