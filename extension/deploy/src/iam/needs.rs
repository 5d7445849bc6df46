//! What a handler and the extension do in an account, and what the deployer does
//! ([`super::deployer`]).
//!
//! Which action knows which resources and condition keys is AWS's to say: the Service
//! Authorization Reference, and for composite alarms the API reference, which wants
//! DescribeAlarms and PutCompositeAlarm "scoped to *".

use std::collections::BTreeSet;

use super::deployer;
use super::policy::Condition;
use crate::model::Desired;
use crate::resolve::{LocalFunction, Resolved};

/// Who needs a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A function, for what the library does.
    Handler,
    /// The same function, for what the extension does.
    Extension,
    /// Whoever runs plan, apply, drift, gate, pull, destroy, mute, readiness and backtest.
    Deployer,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Such as `cloudwatch:PutMetricAlarm`.
    pub action: &'static str,
    /// On these; `*` where AWS knows no resource for the action.
    pub resources: Vec<String>,
    /// What the calls carry and a policy should bind them to; sorted.
    pub conditions: Vec<Condition>,
}

pub(super) const ANY: &str = "*";
pub(super) const PUT_SEGMENTS: &str = "xray:PutTraceSegments";

/// What a role does for a project. `namespaces` are those that metrics go to.
pub fn needs(role: Role, resolved: &Resolved, namespaces: &[String]) -> Vec<Need> {
    match role {
        Role::Handler => handler(resolved),
        Role::Extension => {
            let mut needs = Need::metrics(namespaces);
            let forwards = |function: &LocalFunction| {
                function
                    .environment
                    .get("OBS_FORWARD_SEGMENTS")
                    .is_some_and(|it| it == "true")
            };
            if resolved.functions.iter().any(forwards) {
                needs.push(Need::segments());
            }
            needs
        }
        Role::Deployer => deployer::needs(resolved),
    }
}

impl Need {
    /// What the extension does: it puts metrics. AWS knows no resource for that; what
    /// bounds it is the namespace.
    pub fn metrics(namespaces: &[String]) -> Vec<Need> {
        let condition = Condition {
            operator: "StringEquals".to_owned(),
            key: "cloudwatch:namespace".to_owned(),
            values: namespaces.to_vec(),
        };
        let any = [ANY.to_owned()];
        vec![need("cloudwatch:PutMetricData", &any, &[condition])]
    }

    /// What the extension does besides where it forwards segments. AWS knows neither
    /// resources nor condition keys for it.
    pub fn segments() -> Need {
        need(PUT_SEGMENTS, &[ANY.to_owned()], &[])
    }
}

pub(super) fn need(action: &'static str, resources: &[String], conditions: &[Condition]) -> Need {
    let mut conditions = conditions.to_vec();
    conditions.sort();
    Need {
        action,
        resources: resources.to_vec(),
        conditions,
    }
}

/// Lines by Lambda itself, as with AWS's AWSLambdaBasicExecutionRole; segments by the
/// X-Ray daemon.
fn handler(resolved: &Resolved) -> Vec<Need> {
    let functions = resolved.resources.all("functions").iter();
    let named: BTreeSet<&str> = functions
        .filter_map(|function| function.attributes.get("log_group"))
        .map(String::as_str)
        .collect();
    let on = groups(&resolved.desired, named.into_iter());
    let mut needs = Vec::new();
    if !on.is_empty() {
        for action in [
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ] {
            needs.push(need(action, &on, &[]));
        }
    }
    for action in [PUT_SEGMENTS, "xray:PutTelemetryRecords"] {
        needs.push(need(action, &[ANY.to_owned()], &[]));
    }
    needs
}

/// The ARNs of log groups as CloudWatch Logs compares them: with their streams behind.
pub(super) fn groups<'a>(desired: &Desired, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let all: BTreeSet<String> = names
        .map(|name| arn(desired, "logs", &format!("log-group:{name}:*")))
        .collect();
    all.into_iter().collect()
}

/// An ARN of a service in the environment's account and region.
pub(super) fn arn(desired: &Desired, service: &str, resource: &str) -> String {
    let topics = desired.target.topic_arn("");
    topics.replacen(":sns:", &format!(":{service}:"), 1) + resource
}
