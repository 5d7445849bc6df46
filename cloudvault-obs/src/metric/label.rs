//! Labels that instruct the recorder instead of being dimensions.
//!
//! The facade has no words for a namespace, a timestamp or a set of dimensions,
//! so they travel as labels whose names begin `obs.`: they pass any recorder,
//! and need no state beside the key.

use cloudvault_obs_core::metric::{Resolution, Unit};
use metrics::Key;

/// Label: the unit, in CloudWatch's spelling, as `Kilobytes/Second`.
pub const UNIT: &str = "obs.unit";
/// Label: the namespace, in place of `OBS_NAMESPACE`.
pub const NAMESPACE: &str = "obs.namespace";
/// Label: the storage resolution in seconds, `1` or `60`.
pub const RESOLUTION: &str = "obs.resolution";
/// Label: when the value was measured, in milliseconds since the epoch, from two
/// weeks ago to two hours ahead.
pub const TIMESTAMP: &str = "obs.timestamp";
/// Label: the dimension sets, names with `,` between them and sets with `;`:
/// `service;service,bucket`. Empty for a metric without dimensions, `*` for one
/// whose dimensions are the other labels, and no defaults.
pub const DIMENSIONS: &str = "obs.dimensions";
/// The value of [`DIMENSIONS`] that stands for the key's own labels: their names
/// may hold what lists are written with.
pub(super) const OWN: &str = "*";

/// A key's labels, sorted.
#[derive(Debug, Default)]
pub(super) struct Labels {
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) unit: Option<Unit>,
    pub(super) namespace: Option<String>,
    pub(super) resolution: Option<Resolution>,
    pub(super) timestamp_ms: Option<i64>,
    pub(super) sets: Option<Vec<Vec<String>>>,
    /// Instructions that could not be followed.
    pub(super) complaints: Vec<String>,
}

impl Labels {
    pub(super) fn of(key: &Key) -> Self {
        let (mut labels, mut own) = (Self::default(), false);
        for label in key.labels() {
            let (name, value) = (label.key(), label.value());
            let understood = match name {
                UNIT => {
                    labels.unit = Unit::parse(value);
                    labels.unit.is_some()
                }
                NAMESPACE => {
                    labels.namespace = Some(value.to_owned());
                    true
                }
                RESOLUTION => {
                    labels.resolution = match value {
                        "1" => Some(Resolution::High),
                        "60" => Some(Resolution::Standard),
                        _ => None,
                    };
                    labels.resolution.is_some()
                }
                TIMESTAMP => {
                    // One that cannot be read is refused like one out of range.
                    labels.timestamp_ms = Some(value.parse().unwrap_or(i64::MIN));
                    true
                }
                DIMENSIONS => {
                    own = value == OWN;
                    labels.sets = Some(sets(value));
                    true
                }
                _ if name.starts_with("obs.") => false,
                _ => {
                    labels.dimensions.push((name.to_owned(), value.to_owned()));
                    true
                }
            };
            if !understood {
                labels
                    .complaints
                    .push(format!("label {name}={value:?} is not understood"));
            }
        }
        if own {
            let names = labels.dimensions.iter().map(|(name, _)| name.clone());
            labels.sets = Some(vec![names.collect()]);
        }
        labels
    }
}

fn sets(text: &str) -> Vec<Vec<String>> {
    let names = |set: &str| {
        set.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    text.split(';').map(names).collect()
}
