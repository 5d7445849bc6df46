//! What a handler, the extension and the deployer do in an account.
//!
//! Which action knows which resources and condition keys is AWS's to say: the Service
//! Authorization Reference, and for composite alarms the API reference, which wants
//! DescribeAlarms and PutCompositeAlarm "scoped to *".

use std::collections::{BTreeMap, BTreeSet};

use super::policy::{Condition, Effect, Form, Policy, Statement};
use crate::model::{Alarm, Desired, TAG_ENVIRONMENT, TAG_PROJECT};
use crate::resolve::{LocalFunction, Resolved};

/// Who needs a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A function, for what the library does.
    Handler,
    /// The same function, for what the extension does.
    Extension,
    /// Whoever runs plan, apply, drift, gate, destroy and pull.
    Deployer,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Such as `cloudwatch:PutMetricAlarm`.
    pub action: &'static str,
    /// On these; `*` where AWS knows no resource for the action.
    pub resources: Vec<String>,
    /// What the calls carry and a policy should bind them to.
    pub conditions: Vec<Condition>,
}

const ANY: &str = "*";
const PUT_SEGMENTS: &str = "xray:PutTraceSegments";

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
        Role::Deployer => deployer(&resolved.desired),
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

impl Policy {
    /// The least policy for these needs: one statement for all that is done to the same
    /// resources under the same conditions.
    pub fn of(needs: &[Need]) -> Policy {
        type Bounds<'a> = (&'a [String], &'a [Condition]);
        let mut groups: Vec<(Bounds<'_>, Vec<String>)> = Vec::new();
        for need in needs {
            let bounds = (&need.resources[..], &need.conditions[..]);
            match groups.iter_mut().find(|(of, _)| *of == bounds) {
                Some((_, actions)) => actions.push(need.action.to_owned()),
                None => groups.push((bounds, vec![need.action.to_owned()])),
            }
        }
        let statements = groups.into_iter().enumerate();
        Policy {
            statements: statements
                .map(|(index, ((resources, conditions), actions))| Statement {
                    sid: sid(index, &actions, conditions),
                    effect: Effect::Allow,
                    actions: Form::Of(actions),
                    resources: Form::Of(resources.to_vec()),
                    conditions: conditions.to_vec(),
                })
                .collect(),
        }
    }
}

/// A name that says what a statement is for; unique by its number.
fn sid(index: usize, actions: &[String], conditions: &[Condition]) -> String {
    if conditions.iter().any(|it| it.key == "cloudwatch:namespace") {
        return "PutMetricsOfTheseNamespaces".to_owned();
    }
    if actions == [PUT_SEGMENTS] {
        return "PutSegmentsWhereThereIsNoDaemon".to_owned();
    }
    let service = actions[0].split(':').next().unwrap_or_default();
    let verb = |action: &String| {
        let name = action.split_once(':').map_or("", |(_, name)| name);
        ["Get", "List", "Describe"]
            .iter()
            .any(|verb| name.starts_with(verb))
    };
    let does = match actions.iter().all(verb) {
        true => "Read",
        false => "Write",
    };
    let mut letters = service.chars();
    let service: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    format!("{does}{service}{}", index + 1)
}

fn need(action: &'static str, resources: &[String], conditions: &[Condition]) -> Need {
    Need {
        action,
        resources: resources.to_vec(),
        conditions: conditions.to_vec(),
    }
}

fn equals(key: &str, value: &str) -> Condition {
    Condition {
        operator: "StringEquals".to_owned(),
        key: key.to_owned(),
        values: vec![value.to_owned()],
    }
}

/// Lines by Lambda itself, as with AWS's AWSLambdaBasicExecutionRole; segments by the
/// X-Ray daemon.
fn handler(resolved: &Resolved) -> Vec<Need> {
    let groups: BTreeSet<String> = resolved
        .resources
        .all("functions")
        .iter()
        .filter_map(|function| function.attributes.get("log_group"))
        .map(|group| arn(&resolved.desired, "logs", &format!("log-group:{group}")))
        .collect();
    let streams: Vec<String> = groups.iter().map(|group| format!("{group}:*")).collect();
    let any = [ANY.to_owned()];
    let mut needs = Vec::new();
    if !groups.is_empty() {
        let groups: Vec<String> = groups.into_iter().collect();
        needs.push(need("logs:CreateLogGroup", &groups, &[]));
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            needs.push(need(action, &streams, &[]));
        }
    }
    for action in [PUT_SEGMENTS, "xray:PutTelemetryRecords"] {
        needs.push(need(action, &any, &[]));
    }
    needs
}

fn deployer(desired: &Desired) -> Vec<Need> {
    let mut needs = reads();
    alarms(desired, &mut needs);
    topics(desired, &mut needs);
    events(desired, &mut needs);
    sampling(desired, &mut needs);
    needs
}

/// Listings, for which AWS knows no resource.
fn reads() -> Vec<Need> {
    let any = [ANY.to_owned()];
    [
        // With less than `*` it leaves composite alarms out.
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListDashboards",
        "cloudwatch:ListMetrics",
        "events:ListRules",
        "sns:ListTopics",
        "xray:GetSamplingRules",
    ]
    .into_iter()
    .map(|action| need(action, &any, &[]))
    .collect()
}

fn alarms(desired: &Desired, needs: &mut Vec<Need>) {
    let target = &desired.target;
    let any = [ANY.to_owned()];
    let requested = request_tags(desired);
    let mut telling = requested.clone();
    let all = desired.all_alarms();
    let actions: BTreeSet<String> = desired
        .topics
        .iter()
        .map(|it| target.topic_arn(&it.name))
        .chain(all.iter().flat_map(told))
        .collect();
    if !actions.is_empty() {
        telling.push(Condition {
            // Of no action at all this holds, too.
            operator: "ForAllValues:StringEquals".to_owned(),
            key: "cloudwatch:AlarmActions".to_owned(),
            values: actions.into_iter().collect(),
        });
    }
    let arns: Vec<String> = prefixes(all.iter().map(Alarm::name))
        .iter()
        .map(|prefix| target.alarm_arn(prefix))
        .collect();
    let every = [target.alarm_arn(ANY)];
    if !arns.is_empty() {
        needs.push(need("cloudwatch:PutMetricAlarm", &arns, &telling));
        needs.push(need("cloudwatch:PutCompositeAlarm", &any, &telling));
    }
    // What is pruned is not in the files any more: its tags say whose it is.
    let mut boards = names(
        desired,
        desired.dashboards.iter().map(|it| &it.name),
        |name| target.dashboard_arn(name),
    );
    needs.push(need(
        "cloudwatch:DeleteAlarms",
        &every,
        &resource_tags(desired),
    ));
    for action in [
        "cloudwatch:GetDashboard",
        "cloudwatch:PutDashboard",
        "cloudwatch:DeleteDashboards",
    ] {
        needs.push(need(action, &boards, &[]));
    }
    boards.extend(arns);
    needs.push(need("cloudwatch:TagResource", &boards, &requested));
    let tagged = [target.alarm_arn(ANY), target.dashboard_arn(ANY)];
    needs.push(need("cloudwatch:ListTagsForResource", &tagged, &[]));
    let mutes = names(
        desired,
        desired.mute_rules.iter().map(|it| &it.name),
        |name| arn(desired, "cloudwatch", &format!("alarm-mute-rule:{name}")),
    );
    for action in [
        "cloudwatch:PutAlarmMuteRule",
        "cloudwatch:DeleteAlarmMuteRule",
    ] {
        needs.push(need(action, &mutes, &[]));
    }
    let every = [arn(desired, "cloudwatch", "alarm-mute-rule:*")];
    for action in [
        "cloudwatch:ListAlarmMuteRules",
        "cloudwatch:GetAlarmMuteRule",
    ] {
        needs.push(need(action, &every, &[]));
    }
}

fn topics(desired: &Desired, needs: &mut Vec<Need>) {
    let target = &desired.target;
    let arns = names(desired, desired.topics.iter().map(|it| &it.name), |name| {
        target.topic_arn(name)
    });
    for action in ["sns:CreateTopic", "sns:TagResource"] {
        needs.push(need(action, &arns, &request_tags(desired)));
    }
    for action in [
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:DeleteTopic",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
    ] {
        needs.push(need(action, &arns, &[]));
    }
    // The subscription's ARN is no resource of this action.
    needs.push(need("sns:Unsubscribe", &[ANY.to_owned()], &[]));
}

fn events(desired: &Desired, needs: &mut Vec<Need>) {
    let target = &desired.target;
    let arns = names(
        desired,
        desired.event_rules.iter().map(|it| &it.name),
        |name| target.rule_arn(name),
    );
    for action in [
        "events:PutRule",
        "events:TagResource",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:DeleteRule",
    ] {
        needs.push(need(action, &arns, &[]));
    }
    let every = [target.rule_arn(ANY)];
    for action in ["events:ListTargetsByRule", "events:ListTagsForResource"] {
        needs.push(need(action, &every, &[]));
    }
    needs.push(need(
        "logs:DescribeMetricFilters",
        &[arn(desired, "logs", "log-group:*")],
        &[],
    ));
    let groups: BTreeSet<String> = desired
        .metric_filters
        .iter()
        .map(|filter| {
            format!(
                "{}:*",
                arn(desired, "logs", &format!("log-group:{}", filter.log_group))
            )
        })
        .collect();
    let groups: Vec<String> = groups.into_iter().collect();
    if !groups.is_empty() {
        for action in ["logs:PutMetricFilter", "logs:DeleteMetricFilter"] {
            needs.push(need(action, &groups, &[]));
        }
    }
}

fn sampling(desired: &Desired, needs: &mut Vec<Need>) {
    let arns = names(
        desired,
        desired.sampling_rules.iter().map(|it| &it.name),
        |name| arn(desired, "xray", &format!("sampling-rule/{name}")),
    );
    for action in [
        "xray:CreateSamplingRule",
        "xray:TagResource",
        "xray:UpdateSamplingRule",
        "xray:DeleteSamplingRule",
    ] {
        needs.push(need(action, &arns, &[]));
    }
    needs.push(need(
        "xray:ListTagsForResource",
        &[arn(desired, "xray", "sampling-rule/*")],
        &[],
    ));
}

/// An ARN of a service in the environment's account and region.
fn arn(desired: &Desired, service: &str, resource: &str) -> String {
    let topics = desired.target.topic_arn("");
    topics.replacen(":sns:", &format!(":{service}:"), 1) + resource
}

/// Everything that an alarm may tell.
fn told(alarm: &Alarm) -> Vec<String> {
    let actions = match alarm {
        Alarm::Metric(alarm) => &alarm.actions,
        Alarm::Composite(alarm) => &alarm.actions,
    };
    let all = [&actions.alarm, &actions.ok, &actions.insufficient_data];
    all.into_iter().flatten().cloned().collect()
}

/// The tags that every creation carries.
fn request_tags(desired: &Desired) -> Vec<Condition> {
    tags(desired, "aws:RequestTag")
}

/// The tags of what is ours.
fn resource_tags(desired: &Desired) -> Vec<Condition> {
    tags(desired, "aws:ResourceTag")
}

fn tags(desired: &Desired, key: &str) -> Vec<Condition> {
    let target = &desired.target;
    vec![
        equals(&format!("{key}/{TAG_ENVIRONMENT}"), &target.environment),
        equals(&format!("{key}/{TAG_PROJECT}"), &target.project),
    ]
}

/// ARNs of the files' names, and of the names that the project gives: what is deleted
/// is not in the files any more.
fn names<'a>(
    desired: &Desired,
    names: impl Iterator<Item = &'a String>,
    arn: impl Fn(&str) -> String,
) -> Vec<String> {
    let own = format!("{}*", desired.target.topic_prefix());
    let prefix = desired.target.topic_prefix();
    let mut all: BTreeSet<String> = names
        .filter(|name| !name.starts_with(&prefix))
        .map(|name| arn(name))
        .collect();
    all.insert(arn(&own));
    all.into_iter().collect()
}

/// Few patterns for many names: everything up to the first `-`, `_`, `.` or `/`, and a
/// star. A managed policy has room for 6,144 characters, and a project for a thousand
/// alarms.
fn prefixes<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        let pattern = match name.find(['-', '_', '.', '/']) {
            Some(end) if end > 0 => format!("{}*", &name[..=end]),
            _ => name.to_owned(),
        };
        *firsts.entry(pattern).or_default() += 1;
    }
    firsts.into_keys().collect()
}
