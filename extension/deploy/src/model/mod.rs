//! What an account should hold: values that are complete, in order, and know
//! neither files nor the network.

pub mod target;
mod mark;
pub mod topic;
pub mod event;
pub mod filter;
pub mod alarm;
pub mod mute;
pub mod slo;
pub mod dashboard;
pub mod sampling;
pub mod test;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use self::alarm::{
    About, Actions, Alarm, CompositeAlarm, MetricAlarm, MetricRef, Query, Signal, Suppressor,
};
pub use self::dashboard::Dashboard;
pub use self::event::EventRule;
pub use self::filter::MetricFilter;
pub use self::mute::MuteRule;
pub use self::sampling::SamplingRule;
pub use self::slo::Slo;
pub use self::target::{Role, Seal, Target};
pub use self::test::AlarmTest;
pub use self::topic::{Subscription, Topic};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// Tag that names the project something belongs to.
pub const TAG_PROJECT: &str = "obs:project";
/// Tag that names the environment something belongs to.
pub const TAG_ENVIRONMENT: &str = "obs:environment";
/// Tag that carries a hash of what was applied.
pub const TAG_CONTENT: &str = "obs:content";
/// Tag of a topic: hashes of the subscriptions that are ours.
pub const TAG_SUBSCRIPTIONS: &str = "obs:subscriptions";

/// Everything that should be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// Where.
    pub target: Target,
    /// By name.
    pub topics: Vec<Topic>,
    /// By name.
    pub event_rules: Vec<EventRule>,
    /// By log group and name.
    pub metric_filters: Vec<MetricFilter>,
    /// By name.
    pub alarms: Vec<MetricAlarm>,
    /// Children before the composites that name them.
    pub composites: Vec<CompositeAlarm>,
    /// By name.
    pub mute_rules: Vec<MuteRule>,
    /// By name.
    pub dashboards: Vec<Dashboard>,
    /// By name.
    pub sampling_rules: Vec<SamplingRule>,
}

impl Desired {
    /// Alarms of both kinds, those on metrics first.
    pub fn all_alarms(&self) -> Vec<Alarm> {
        let metric = self.alarms.iter().cloned().map(Alarm::Metric);
        let composite = self.composites.iter().cloned().map(Alarm::Composite);
        metric.chain(composite).collect()
    }

    /// Nothing at all: what `destroy` works toward.
    pub fn nothing(target: Target) -> Desired {
        Desired {
            target,
            topics: Vec::new(),
            event_rules: Vec::new(),
            metric_filters: Vec::new(),
            alarms: Vec::new(),
            composites: Vec::new(),
            mute_rules: Vec::new(),
            dashboards: Vec::new(),
            sampling_rules: Vec::new(),
        }
    }
}

/// Twelve hexadecimal digits of the content's SHA-256.
pub fn content_hash(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    digest.iter().take(6).fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
