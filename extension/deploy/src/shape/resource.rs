//! `resources:` of `obs.yaml`: what a project consists of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{At, Raw};
use crate::value::Duration;

/// The kinds that stand under `resources:`.
pub const KINDS: &[&str] = &[
    "functions",
    "http_apis",
    "tables",
    "queues",
    "buckets",
    "rules",
    "schedules",
    "user_pools",
    "web_acls",
    "nat_gateways",
    "secrets",
    "certificates",
    "trails",
    "detectors",
];

/// The kinds that are made of others, for `for_each`.
pub const MADE_KINDS: &[&str] = &[
    "account",
    "dead_letter_queues",
    "indexes",
    "table_operations",
    "topics",
    "user_pool_clients",
    "work_queues",
];

/// What the project consists of, by kind.
#[derive(Clone, Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Lambda functions.
    pub functions: Option<BTreeMap<String, Function>>,
    /// API Gateway HTTP APIs.
    pub http_apis: Option<BTreeMap<String, Option<HttpApi>>>,
    /// DynamoDB tables.
    pub tables: Option<BTreeMap<String, Option<Table>>>,
    /// SQS queues.
    pub queues: Option<BTreeMap<String, Option<Queue>>>,
    /// S3 buckets.
    pub buckets: Option<BTreeMap<String, Option<Bucket>>>,
    /// EventBridge rules.
    pub rules: Option<BTreeMap<String, Option<Rule>>>,
    /// EventBridge Scheduler's schedules.
    pub schedules: Option<BTreeMap<String, Schedule>>,
    /// Cognito user pools.
    pub user_pools: Option<BTreeMap<String, UserPool>>,
    /// WAF web ACLs.
    pub web_acls: Option<BTreeMap<String, Option<WebAcl>>>,
    /// NAT gateways of a VPC.
    pub nat_gateways: Option<BTreeMap<String, NatGateway>>,
    /// Secrets Manager's secrets.
    pub secrets: Option<BTreeMap<String, Option<Secret>>>,
    /// ACM certificates.
    pub certificates: Option<BTreeMap<String, Certificate>>,
    /// CloudTrail trails.
    pub trails: Option<BTreeMap<String, Trail>>,
    /// GuardDuty detectors.
    pub detectors: Option<BTreeMap<String, Option<Detector>>>,
}

/// A Lambda function.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The handler's name, as `_HANDLER` shows it.
    #[serde(default)]
    pub handler: Option<String>,
    /// How long one invocation may take: 1s to 15m.
    pub timeout: At<Duration>,
    /// Memory, such as `256MB`: 128MB to 10240MB.
    pub memory: At<Raw>,
    /// Reserved concurrency; the account's when left out.
    pub reserved_concurrency: Option<At<u32>>,
    /// Whether X-Ray traces it.
    pub tracing: Option<Tracing>,
    /// Its log group; `/aws/lambda/NAME` when left out.
    pub log_group: Option<String>,
    /// How long its log group keeps lines.
    pub log_retention: Option<At<Duration>>,
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

/// Lambda's tracing modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tracing {
    /// Lambda samples.
    Active,
    /// Whoever calls decides.
    PassThrough,
}

/// An API Gateway HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Names of its global secondary indexes.
    #[serde(default)]
    pub indexes: Vec<String>,
    /// The operations that are called on it, such as `GetItem` and `PutItem`.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// An SQS queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue its undeliverable messages go to.
    pub dead_letter: Option<At<String>>,
    /// True for a FIFO queue.
    #[serde(default)]
    pub fifo: bool,
}

/// An S3 bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The `FilterId` of its request metrics.
    pub filter: Option<String>,
}

/// An EventBridge rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The event bus, when it is not the default one.
    pub bus: Option<String>,
}

/// An EventBridge schedule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `rate(...)` or `cron(...)`.
    pub expression: String,
    /// The function it starts.
    pub function: At<String>,
}

/// A Cognito user pool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPool {
    /// The pool's id: the `UserPool` dimension.
    pub id: Raw,
    /// Names of its clients to their ids, the `UserPoolClient` dimension.
    #[serde(default)]
    pub clients: BTreeMap<String, Raw>,
}

/// A WAF web ACL.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebAcl {
    /// The CloudWatch metric name of its visibility configuration: the `WebACL`
    /// dimension. The resource's name when left out.
    pub metric_name: Option<String>,
    /// True for one of CloudFront, whose metrics have no `Region`.
    #[serde(default)]
    pub cloudfront: bool,
}

/// A NAT gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// Such as `nat-0123456789abcdef0`.
    pub id: Raw,
}

/// A secret of Secrets Manager.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The trail that records its rotations; the only one when left out.
    pub trail: Option<At<String>>,
}

/// An ACM certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
}

/// A CloudTrail trail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The log group it writes to.
    pub log_group: String,
}

/// A GuardDuty detector.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Findings from this severity on are told, 1 to 10; 7 (high) when left out.
    pub severity: Option<At<f64>>,
}
