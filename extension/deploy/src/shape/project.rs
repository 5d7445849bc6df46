//! `obs.yaml`: the project, its environments, resources, topics and severities.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source::{At, Raw};
use crate::value::Duration;

/// The keys of `obs.yaml`.
pub const KEYS: &[&str] = &[
    "project",
    "default_environment",
    "environments",
    "resources",
    "topics",
    "severities",
];

/// The kinds of resources.
pub const KINDS: &[&str] = &[
    "functions",
    "http_apis",
    "tables",
    "queues",
    "buckets",
    "schedules",
];

/// One account and region the project is applied to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Twelve digits.
    pub account: At<Raw>,
    /// Such as `eu-central-1`.
    pub region: At<String>,
    /// Where the account's API is, when it is not AWS: `obs dev`.
    pub endpoint: Option<At<String>>,
    /// Values for `${name}`; `~` declares one that may stay unset.
    #[serde(default)]
    pub variables: BTreeMap<String, Option<Raw>>,
}

/// A Lambda function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The handler's name, as `_HANDLER` shows it.
    #[serde(default)]
    pub handler: Option<String>,
    /// How long one invocation may take.
    pub timeout: At<Duration>,
    /// Memory, such as `256MB`.
    pub memory: At<Raw>,
    /// Local program that `obs dev` starts for it, relative to the project folder.
    pub run: Option<At<String>>,
    /// Arguments of that program.
    #[serde(default)]
    pub args: Vec<Raw>,
    /// Environment variables that `obs dev` gives it.
    #[serde(default)]
    pub environment: BTreeMap<String, Raw>,
    /// How `obs dev` brings its environments to life; on demand when left out.
    pub initialization: Option<String>,
}

/// An API Gateway HTTP API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpApi {
    /// The API's id: the `ApiId` dimension. The resource's name when left out.
    pub id: Option<Raw>,
    /// The stage; `$default` when left out.
    pub stage: Option<String>,
    /// Requests a second that the stage lets through.
    pub rate_limit: Option<f64>,
}

/// A DynamoDB table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Names of its global secondary indexes.
    #[serde(default)]
    pub indexes: Vec<String>,
}

/// An SQS queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue its undeliverable messages go to.
    pub dead_letter: Option<At<String>>,
    /// True for a FIFO queue.
    #[serde(default)]
    pub fifo: bool,
}

/// An S3 bucket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The `FilterId` of its request metrics.
    pub filter: Option<String>,
}

/// An EventBridge schedule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `rate(...)` or `cron(...)`.
    pub expression: String,
    /// The function it starts.
    pub function: At<String>,
}

/// Where notifications go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Name in SNS; `PROJECT-ENVIRONMENT-KEY` when left out.
    pub name: Option<At<String>>,
    /// Shown as the sender.
    pub display_name: Option<String>,
    /// Who is told.
    #[serde(default)]
    pub subscriptions: Vec<At<Subscription>>,
}

/// One who is told: exactly one of the keys. A value that is an unset variable
/// leaves the subscription out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// An http:// URL.
    pub http: Option<At<String>>,
    /// An https:// URL.
    pub https: Option<At<String>>,
    /// An address.
    pub email: Option<At<String>>,
    /// A queue's ARN.
    pub sqs: Option<At<String>>,
}

/// How bad it is, and so who is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    /// Told when an alarm goes off.
    #[serde(default)]
    pub topics: Vec<At<String>>,
    /// Told when it is over; those of `topics` when left out.
    pub ok: Option<Vec<At<String>>>,
    /// Told when there is no data; nobody when left out.
    #[serde(default)]
    pub insufficient_data: Vec<At<String>>,
}
