//! What whoever runs `obs` does: plan, apply, drift, gate, pull, destroy, snapshot, mute,
//! readiness and backtest.
//!
//! What is made or changed is bound by its name and by the tags of the request, what is
//! deleted by its own tags: it is not in the files any more, so that no name says it.

use std::collections::BTreeSet;

use super::needs::{ANY, Need, groups, need};
use super::policy::Condition;
use crate::model::{Alarm, Desired, TAG_ENVIRONMENT, TAG_PROJECT, Target};
use crate::mute;
use crate::resolve::Resolved;

pub(super) fn needs(resolved: &Resolved) -> Vec<Need> {
    let desired = &resolved.desired;
    let mut deployer = Deployer {
        desired,
        target: &desired.target,
        requested: tags(&desired.target, "aws:RequestTag"),
        owned: tags(&desired.target, "aws:ResourceTag"),
        needs: Vec::new(),
    };
    deployer.listings();
    deployer.alarms();
    deployer.mutes();
    deployer.dashboards();
    deployer.topics();
    deployer.event_rules();
    deployer.metric_filters();
    deployer.sampling_rules();
    deployer.lines(resolved);
    deployer.needs
}

struct Deployer<'a> {
    desired: &'a Desired,
    target: &'a Target,
    /// The tags that every creation carries.
    requested: Vec<Condition>,
    /// The tags of what is ours.
    owned: Vec<Condition>,
    needs: Vec<Need>,
}

impl Deployer<'_> {
    fn may(&mut self, actions: &[&'static str], on: &[String], when: &[Condition]) {
        if on.is_empty() {
            return;
        }
        let all = actions.iter().map(|action| need(action, on, when));
        self.needs.extend(all);
    }

    /// What AWS knows no resource for, or wants on all.
    fn listings(&mut self) {
        let actions = [
            // With less than `*` it leaves composite alarms out.
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListDashboards",
            "cloudwatch:ListMetrics",
            "events:ListRules",
            "logs:DescribeLogGroups",
            "sns:ListTopics",
            // A subscription's ARN is no resource of this action.
            "sns:Unsubscribe",
            "xray:GetSamplingRules",
            "xray:GetTraceSummaries",
        ];
        self.may(&actions, &[ANY.to_owned()], &[]);
    }

    fn alarms(&mut self) {
        let mut telling = self.requested.clone();
        // An action of no alarm at all passes `ForAllValues`, too.
        telling.extend(any_of(
            "ForAllValues:StringEquals",
            "cloudwatch:AlarmActions",
            self.told(),
        ));
        let (arns, every) = (self.alarm_arns(), [self.target.alarm_arn(ANY)]);
        self.may(&["cloudwatch:PutMetricAlarm"], &arns, &telling);
        if !arns.is_empty() {
            let any = [ANY.to_owned()];
            self.may(&["cloudwatch:PutCompositeAlarm"], &any, &telling);
        }
        let owned = self.owned.clone();
        self.may(&["cloudwatch:DeleteAlarms"], &every, &owned);
    }

    /// A put is asked for on the rule and on each alarm that it mutes. Tags are set at
    /// creation, and when something changes.
    fn mutes(&mut self) {
        let arn = |name: &str| self.arn("cloudwatch", &format!("alarm-mute-rule:{name}"));
        let mut on = self.names(self.desired.mute_rules.iter().map(|it| &it.name), arn);
        on.push(arn(&format!("{}*", mute::prefix(self.target))));
        on.extend(self.alarm_arns());
        let every = [arn(ANY)];
        let (requested, owned) = (self.requested.clone(), self.owned.clone());
        let makes = ["cloudwatch:PutAlarmMuteRule", "cloudwatch:TagResource"];
        self.may(&makes, &on, &requested);
        self.may(&["cloudwatch:DeleteAlarmMuteRule"], &every, &owned);
        let reads = [
            "cloudwatch:ListAlarmMuteRules",
            "cloudwatch:GetAlarmMuteRule",
        ];
        self.may(&reads, &every, &[]);
    }

    fn dashboards(&mut self) {
        let (arns, every) = (self.dashboard_arns(), [self.target.dashboard_arn(ANY)]);
        let (requested, owned) = (self.requested.clone(), self.owned.clone());
        let ends = ["cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"];
        self.may(&["cloudwatch:GetDashboard"], &arns, &[]);
        let makes = ["cloudwatch:PutDashboard", "cloudwatch:TagResource"];
        self.may(&makes, &arns, &requested);
        self.may(&ends, &every, &owned);
        let tagged = [self.target.alarm_arn(ANY), self.target.dashboard_arn(ANY)];
        self.may(&["cloudwatch:ListTagsForResource"], &tagged, &[]);
    }

    fn topics(&mut self) {
        let topics = self.desired.topics.iter();
        let arns = self.names(topics.map(|it| &it.name), |name| {
            self.target.topic_arn(name)
        });
        let requested = self.requested.clone();
        self.may(&["sns:CreateTopic", "sns:TagResource"], &arns, &requested);
        let protocols: BTreeSet<String> = self
            .desired
            .topics
            .iter()
            .flat_map(|it| it.subscriptions.iter().map(|one| one.protocol.clone()))
            .collect();
        if !protocols.is_empty() {
            let bound = any_of("StringEquals", "sns:Protocol", protocols);
            self.may(&["sns:Subscribe"], &arns, bound.as_slice());
        }
        let others = [
            "sns:SetTopicAttributes",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
        ];
        self.may(&others, &arns, &[]);
    }

    fn event_rules(&mut self) {
        let rules = self.desired.event_rules.iter();
        let arns = self.names(rules.map(|it| &it.name), |name| self.target.rule_arn(name));
        let every = [self.target.rule_arn(ANY)];
        let (requested, owned) = (self.requested.clone(), self.owned.clone());
        self.may(&["events:PutRule", "events:TagResource"], &arns, &requested);
        let topics = self.desired.topics.iter();
        let topics = topics.map(|it| self.target.topic_arn(&it.name)).collect();
        let bound = any_of("ForAllValues:ArnEquals", "events:TargetArn", topics);
        self.may(&["events:PutTargets"], &arns, bound.as_slice());
        let ends = ["events:RemoveTargets", "events:DeleteRule"];
        self.may(&ends, &every, &owned);
        let reads = ["events:ListTargetsByRule", "events:ListTagsForResource"];
        self.may(&reads, &every, &[]);
    }

    fn metric_filters(&mut self) {
        let every = [self.arn("logs", "log-group:*")];
        self.may(&["logs:DescribeMetricFilters"], &every, &[]);
        let filters = self.desired.metric_filters.iter();
        let on = groups(self.desired, filters.map(|it| it.log_group.as_str()));
        let writes = ["logs:PutMetricFilter", "logs:DeleteMetricFilter"];
        self.may(&writes, &on, &[]);
    }

    fn sampling_rules(&mut self) {
        let arn = |name: &str| self.target.sampling_rule_arn(name);
        let rules = self.desired.sampling_rules.iter();
        let arns = self.names(rules.map(|it| &it.name), arn);
        let every = [arn(ANY)];
        let (requested, owned) = (self.requested.clone(), self.owned.clone());
        let makes = ["xray:CreateSamplingRule", "xray:TagResource"];
        self.may(&makes, &arns, &requested);
        // A rule that is about to be taken over has no tags of ours yet.
        self.may(&["xray:UpdateSamplingRule"], &arns, &[]);
        self.may(&["xray:DeleteSamplingRule"], &every, &owned);
        self.may(&["xray:ListTagsForResource"], &every, &[]);
    }

    /// Readiness looks for a line with a correlation id.
    fn lines(&mut self, resolved: &Resolved) {
        let functions = resolved.resources.all("functions").iter();
        let named = functions.filter_map(|one| one.attributes.get("log_group"));
        let few: BTreeSet<String> = named.map(|group| family(group)).collect();
        let on = groups(self.desired, few.iter().map(String::as_str));
        self.may(&["logs:FilterLogEvents"], &on, &[]);
    }

    /// An ARN of a service in the environment's account and region.
    fn arn(&self, service: &str, resource: &str) -> String {
        super::needs::arn(self.desired, service, resource)
    }

    fn alarm_arns(&self) -> Vec<String> {
        let all = self.desired.all_alarms();
        let few: BTreeSet<String> = all.iter().map(|alarm| family(alarm.name())).collect();
        few.iter().map(|name| self.target.alarm_arn(name)).collect()
    }

    fn dashboard_arns(&self) -> Vec<String> {
        let all = self.desired.dashboards.iter();
        self.names(all.map(|it| &it.name), |name| {
            self.target.dashboard_arn(name)
        })
    }

    /// ARNs of the files' names, and of the names that the project gives.
    fn names<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
        arn: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let prefix = self.target.topic_prefix();
        let others = names.filter(|name| !name.starts_with(&prefix));
        let mut all: BTreeSet<String> = others.map(|name| arn(name)).collect();
        all.insert(arn(&format!("{prefix}*")));
        all.into_iter().collect()
    }

    /// The ARNs of everything that an alarm may tell.
    fn told(&self) -> BTreeSet<String> {
        let topics = self.desired.topics.iter();
        let topics = topics.map(|it| self.target.topic_arn(&it.name));
        let alarms = self.desired.all_alarms();
        let actions = alarms.iter().map(|alarm| match alarm {
            Alarm::Metric(alarm) => &alarm.actions,
            Alarm::Composite(alarm) => &alarm.actions,
        });
        let of_alarms = actions.flat_map(|it| [&it.alarm, &it.ok, &it.insufficient_data]);
        topics.chain(of_alarms.flatten().cloned()).collect()
    }
}

fn tags(target: &Target, key: &str) -> Vec<Condition> {
    let equals = |tag: &str, value: &String| Condition {
        operator: "StringEquals".to_owned(),
        key: format!("{key}/{tag}"),
        values: vec![value.clone()],
    };
    vec![
        equals(TAG_ENVIRONMENT, &target.environment),
        equals(TAG_PROJECT, &target.project),
    ]
}

/// A condition of these values; none when there is no value, which nothing would pass.
fn any_of(operator: &str, key: &str, values: BTreeSet<String>) -> Option<Condition> {
    (!values.is_empty()).then(|| Condition {
        operator: operator.to_owned(),
        key: key.to_owned(),
        values: values.into_iter().collect(),
    })
}

/// A pattern for a name and its like: up to the first separator after the last `/`, and
/// a star. A managed policy has room for 6,144 characters, and a project for a thousand
/// alarms.
fn family(name: &str) -> String {
    let base = name.rfind('/').map_or(0, |at| at + 1);
    match name[base..].find(['-', '_', '.']) {
        Some(end) if end > 0 => format!("{}*", &name[..=base + end]),
        _ => name.to_owned(),
    }
}
