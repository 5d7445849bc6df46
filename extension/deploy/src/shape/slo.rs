//! `slos:` of `obs.yaml`: what is promised to users.

use schemars::JsonSchema;
use serde::Deserialize;

use super::alarm::Metric;
use crate::source::At;
use crate::value::{Duration, Share};

/// An objective: `availability` or `latency`, for so large a share of all requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// What is promised, for people.
    pub description: Option<String>,
    /// The share of requests that has to be good, such as `99.9%`.
    pub objective: At<Share>,
    /// Over so long; `30d` when left out.
    pub window: Option<At<Duration>>,
    /// Requests succeed.
    pub availability: Option<At<Availability>>,
    /// Requests are quick enough.
    pub latency: Option<At<Latency>>,
    /// Requests a long window needs before it can go off. The least is always so many
    /// that a single bad request is not enough.
    pub minimum_requests: Option<u32>,
    /// Severity of a fast burn; `page` when left out.
    pub page: Option<At<String>>,
    /// Severity of a slow burn; when left out, the first there is of `ticket`, `notice`
    /// and `page`.
    pub ticket: Option<At<String>>,
    /// What to do: a link.
    pub runbook: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
}

/// Good or bad requests against all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// A function (errors of invocations) or an HTTP API (5xx of requests), as
    /// `KIND/NAME` or `NAME`.
    pub resource: Option<At<String>>,
    /// The metric that counts what went well.
    pub good: Option<At<Counted>>,
    /// The metric that counts what went wrong.
    pub bad: Option<At<Counted>>,
    /// The metric that counts everything.
    pub total: Option<At<Counted>>,
}

/// A metric that counts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Namespace, name and dimensions.
    pub metric: Metric,
    /// `Sum` when left out.
    pub statistic: Option<At<String>>,
}

/// Requests below a limit against all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// A function (`Duration`) or an HTTP API (`Latency`), as `KIND/NAME` or `NAME`.
    pub resource: Option<At<String>>,
    /// Another metric of times.
    pub metric: Option<At<Metric>>,
    /// A request that takes longer is bad.
    pub below: At<Duration>,
}
