//! `sampling:` and `mutes:` of `obs.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{At, Raw};
use crate::value::{Duration, Share};

/// An X-Ray sampling rule. Criteria that are left out match everything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Name in X-Ray; `PROJECT-ENVIRONMENT-KEY` when left out.
    pub name: Option<At<String>>,
    /// 1 to 9999; the lowest that matches decides.
    pub priority: At<u32>,
    /// Share of requests that are traced, such as `5%`.
    pub rate: At<Share>,
    /// Requests a second that are traced before the rate counts; 1 when left out.
    pub reservoir: Option<u32>,
    /// Name of the service, as in its segments.
    pub service: Option<At<String>>,
    /// Such as `AWS::Lambda::Function`.
    pub service_type: Option<At<String>>,
    /// The host header.
    pub host: Option<At<String>>,
    /// Such as `POST`.
    pub method: Option<At<String>>,
    /// Such as `/files/*`.
    pub path: Option<At<String>>,
    /// The resource's ARN.
    pub resource_arn: Option<At<String>>,
    /// Annotations that have to match, at most five.
    #[serde(default)]
    pub attributes: BTreeMap<String, Raw>,
}

/// A window in which alarms tell nobody. Alarms, severities or both.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// Name in CloudWatch; `PROJECT-ENVIRONMENT-KEY` when left out.
    pub name: Option<At<String>>,
    /// Why.
    pub description: Option<String>,
    /// `cron(0 2 * * *)` or `at(2026-12-24T18:00)`.
    pub schedule: At<String>,
    /// How long: 1m to 15d.
    pub duration: At<Duration>,
    /// Such as `Europe/Berlin`; `UTC` when left out.
    pub timezone: Option<At<String>>,
    /// Names of alarms; `*` stands for any text.
    #[serde(default)]
    pub alarms: Vec<At<String>>,
    /// All alarms of these severities.
    #[serde(default)]
    pub severities: Vec<At<String>>,
}
