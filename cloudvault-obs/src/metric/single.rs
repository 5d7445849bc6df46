//! One point on its own: with a namespace, dimensions and a time that are not
//! those of the function's other metrics.

use std::time::{SystemTime, UNIX_EPOCH};

use cloudvault_obs_core::metric::Unit;
use metrics::{Key, Label, Level, Metadata};

use super::label;

/// A metric that is recorded once, with none of the default dimensions.
///
/// ```
/// use cloudvault_obs::metric::{self, Unit};
/// use std::time::{Duration, SystemTime};
///
/// metric::single("FilesImported")
///     .namespace("Imports")
///     .dimension("source", "bucket")
///     .at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_405_294))
///     .add(3);
/// metric::single("ImportSize").unit(Unit::Megabytes).record(12.5);
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is recorded by `add` or `record`"]
pub struct Single {
    name: String,
    labels: Vec<Label>,
}

/// Begins a point of the metric `name`; [`Single::add`] and [`Single::record`]
/// end it.
pub fn single(name: impl Into<String>) -> Single {
    Single {
        name: name.into(),
        labels: Vec::new(),
    }
}

impl Single {
    /// In place of `OBS_NAMESPACE`; 1 to 255 characters.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.label(label::NAMESPACE, namespace.into())
    }

    /// Adds a dimension, of at most 30.
    pub fn dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push(Label::new(name.into(), value.into()));
        self
    }

    /// The value's unit.
    pub fn unit(self, unit: Unit) -> Self {
        self.label(label::UNIT, unit.as_str().to_owned())
    }

    /// Stored by the second.
    pub fn high_resolution(self) -> Self {
        self.label(label::RESOLUTION, "1".to_owned())
    }

    /// When it was measured, from two weeks ago to two hours ahead; beyond, the
    /// point is counted as lost and a line says why.
    pub fn at(self, time: SystemTime) -> Self {
        let ms = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(_) => i64::MIN,
        };
        self.label(label::TIMESTAMP, ms.to_string())
    }

    /// Records a count.
    pub fn add(self, count: u64) {
        let key = self.key();
        metrics::with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
            .increment(count);
    }

    /// Records a value.
    pub fn record(self, value: f64) {
        let key = self.key();
        metrics::with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
            .record(value);
    }

    fn label(mut self, name: &'static str, value: String) -> Self {
        self.labels.retain(|label| label.key() != name);
        self.labels.push(Label::new(name, value));
        self
    }

    fn key(self) -> Key {
        let this = self.label(label::DIMENSIONS, label::OWN.to_owned());
        Key::from_parts(this.name, this.labels)
    }
}

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
