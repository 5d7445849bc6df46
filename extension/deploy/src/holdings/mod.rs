//! What an account holds, in the model's own words: the other way round from a plan.
//! `pull` writes it into files, `snapshot` keeps it, `rollback` goes back to it.

mod others;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use crate::account::{AccountError, Reads, TopicState};
use crate::model::{
    Alarm, Dashboard, Desired, Seal, Subscription, TAG_SUBSCRIPTIONS, Tags, Target, Topic,
};
use crate::plan::{Adopt, Observed, PlanError, observe};
use crate::source::merge::matches;

/// Reads under way at once.
const AT_ONCE: usize = 8;
/// Protocols that a topic of the model can have.
const PROTOCOLS: [&str; 5] = ["email", "http", "https", "lambda", "sqs"];

/// Which of an account's resources are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Whose.
    pub whose: Whose,
    /// Patterns of names; `*` stands for any text. All when empty.
    pub names: Vec<String>,
    /// Tags that a resource must carry.
    pub tags: Tags,
    /// These as well, whoever keeps them: what an apply is about to take over.
    pub adopted: Adopt,
}

/// Whose resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Kept by this project and environment.
    #[default]
    Ours,
    /// Anybody's.
    Anybodys,
}

impl Selection {
    fn takes(&self, name: &str, ours: bool, tags: Option<&Tags>) -> bool {
        let tagged = self.tags.iter().all(|(key, value)| {
            tags.and_then(|tags| tags.get(key))
                .is_some_and(|found| found == value)
        });
        let named = self.names.is_empty() || self.names.iter().any(|one| matches(one, name));
        let whose = ours || self.whose == Whose::Anybodys;
        (whose && named && tagged) || self.adopted.allows(name)
    }
}

/// What an account holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Holdings {
    /// As files would say it; alarms without their seal.
    pub desired: Desired,
    /// Names of those that this project and environment do not keep.
    pub others: BTreeSet<String>,
    /// What the model has no words for.
    pub unsaid: Vec<Unsaid>,
}

/// Something that the model has no words for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsaid {
    /// Kind and name.
    pub what: String,
    /// What is not said of it, as a sentence without a full stop.
    pub why: String,
}

impl Unsaid {
    /// Something not said of a resource.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Unsaid {
        Unsaid {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// Reads what is selected. `known` is what the files say: topics whose names do not
/// begin as ours do are found by it.
///
/// # Errors
/// Those of [`observe()`].
pub async fn hold<A: Reads>(
    account: &A,
    known: &Desired,
    selection: &Selection,
) -> Result<Holdings, PlanError> {
    let target = &known.target;
    let mut probe = known.clone();
    (probe.alarms, probe.composites, probe.dashboards) = (Vec::new(), Vec::new(), Vec::new());
    // Marked alarms count as wanted here: their tags need not be asked for.
    for alarm in account.alarms().await? {
        match alarm {
            alarm if target.unsealed(&alarm).1 == Seal::None => {}
            Alarm::Metric(alarm) => probe.alarms.push(alarm),
            Alarm::Composite(alarm) => probe.composites.push(alarm),
        }
    }
    if selection.whose == Whose::Anybodys {
        let prefix = target.topic_arn("");
        let names = account.topics().await?.into_iter();
        let names = names.filter_map(|arn| arn.strip_prefix(&prefix).map(str::to_owned));
        probe.topics = names.map(topic_named).collect();
    }
    let mut observed = observe(account, &probe).await?;
    if !selection.tags.is_empty() {
        alarm_tags(account, target, &mut observed).await?;
    }
    bodies(account, target, selection, &mut observed).await?;
    Ok(of(target, &observed, selection))
}

/// Adds the bodies of our dashboards that nobody wants: what a plan deletes without
/// having looked at it.
///
/// # Errors
/// Whatever the account answers.
pub async fn complete<A: Reads>(
    account: &A,
    target: &Target,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    bodies(account, target, &Selection::default(), observed).await
}

async fn bodies<A: Reads>(
    account: &A,
    target: &Target,
    selection: &Selection,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let asked = observed.dashboard_tags.iter();
    let asked: Vec<String> = asked
        .filter(|(name, tags)| selection.takes(name, target.owns(tags), Some(tags)))
        .filter(|(name, _)| !observed.bodies.contains_key(*name))
        .map(|(name, _)| name.clone())
        .collect();
    let found: Vec<(String, String)> = stream::iter(asked)
        .map(|name| async move {
            let body = account.dashboard(&name).await?;
            Ok::<_, AccountError>((name, body))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    observed.bodies.extend(found);
    Ok(())
}

async fn alarm_tags<A: Reads>(
    account: &A,
    target: &Target,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let asked: Vec<String> = observed.alarms.keys().cloned().collect();
    let found: BTreeMap<String, Tags> = stream::iter(asked)
        .map(|name| async move {
            let tags = account.tags(&target.alarm_arn(&name)).await?;
            Ok::<_, AccountError>((name, tags))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    observed.alarm_tags = found;
    Ok(())
}

/// What is selected of what was observed.
pub fn of(target: &Target, observed: &Observed, selection: &Selection) -> Holdings {
    let mut held = Holdings {
        desired: Desired::nothing(target.clone()),
        others: BTreeSet::new(),
        unsaid: Vec::new(),
    };
    held.alarms(observed, selection);
    held.topics(observed, selection);
    held.rules(observed, selection);
    for (name, body) in &observed.bodies {
        let Some(tags) = observed.dashboard_tags.get(name) else {
            continue;
        };
        let ours = target.owns(tags);
        if selection.takes(name, ours, Some(tags)) {
            if held.is_of_another(&format!("dashboard {name}"), Some(tags)) {
                continue;
            }
            held.note(name, ours);
            held.desired.dashboards.push(Dashboard {
                name: name.clone(),
                body: body.clone(),
            });
        }
    }
    held
}

impl Holdings {
    /// Whether there is something whose name a pattern fits.
    pub fn has(&self, pattern: &str) -> bool {
        let desired = &self.desired;
        let mut names = desired.topics.iter().map(|it| &it.name).collect::<Vec<_>>();
        names.extend(desired.alarms.iter().map(|it| &it.name));
        names.extend(desired.composites.iter().map(|it| &it.name));
        names.extend(desired.dashboards.iter().map(|it| &it.name));
        names.extend(desired.event_rules.iter().map(|it| &it.name));
        names.extend(desired.metric_filters.iter().map(|it| &it.name));
        names.extend(desired.mute_rules.iter().map(|it| &it.name));
        names.extend(desired.sampling_rules.iter().map(|it| &it.name));
        let unsaid = self
            .unsaid
            .iter()
            .filter_map(|it| it.what.split(' ').nth(1));
        let mut names = names.into_iter().map(String::as_str).chain(unsaid);
        names.any(|name| matches(pattern, name))
    }

    fn note(&mut self, name: &str, ours: bool) {
        if !ours {
            self.others.insert(name.to_owned());
        }
    }

    fn target(&self) -> &Target {
        &self.desired.target
    }

    fn alarms(&mut self, observed: &Observed, selection: &Selection) {
        let target = self.target().clone();
        let ours = |alarm: &Alarm| match observed.alarm_tags.get(alarm.name()) {
            Some(tags) => target.owns(tags),
            None => target.unsealed(alarm).1 != Seal::None,
        };
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        let mut ahead: Vec<&Alarm> = observed
            .alarms
            .values()
            .filter(|alarm| {
                let name = alarm.name();
                selection.takes(name, ours(alarm), observed.alarm_tags.get(name))
            })
            .collect();
        // What a composite names comes along: without it the composite cannot be said.
        while let Some(alarm) = ahead.pop() {
            if !taken.insert(alarm.name()) {
                continue;
            }
            let children = alarm.children();
            let children = children.iter().filter_map(|name| observed.alarms.get(name));
            ahead
                .extend(children.filter(|child| selection.whose == Whose::Anybodys || ours(child)));
        }
        for name in taken {
            let alarm = &observed.alarms[name];
            if self.is_of_another(&format!("alarm {name}"), observed.alarm_tags.get(name)) {
                continue;
            }
            self.note(name, ours(alarm));
            match target.unsealed(alarm).0 {
                Alarm::Metric(alarm) => self.desired.alarms.push(alarm),
                Alarm::Composite(alarm) => self.desired.composites.push(alarm),
            }
        }
        order(&mut self.desired);
    }

    fn topics(&mut self, observed: &Observed, selection: &Selection) {
        let told: BTreeSet<String> = self
            .desired
            .all_alarms()
            .iter()
            .flat_map(|alarm| arns(alarm).into_iter().cloned().collect::<Vec<_>>())
            .collect();
        for (arn, state) in &observed.topics {
            let name = arn.rsplit(':').next().unwrap_or(arn);
            let ours = self.target().owns(&state.tags);
            // Whom a selected alarm tells comes along.
            let told = selection.whose == Whose::Anybodys && told.contains(arn);
            if told || selection.takes(name, ours, Some(&state.tags)) {
                if self.is_of_another(&format!("topic {name}"), Some(&state.tags)) {
                    continue;
                }
                self.note(name, ours);
                self.topic(name, state, ours && selection.whose == Whose::Ours);
            }
        }
    }

    fn topic(&mut self, name: &str, state: &TopicState, only_ours: bool) {
        let what = format!("topic {name}");
        let mut subscriptions = Vec::new();
        for subscription in state.subscriptions.keys() {
            let strange = !PROTOCOLS.contains(&subscription.protocol.as_str());
            let why = match (strange, only_ours && !was_ours(subscription, &state.tags)) {
                (false, false) => {
                    subscriptions.push(subscription.clone());
                    continue;
                }
                (true, _) => "the files have no such protocol; it stays as it is",
                (false, true) => "somebody subscribed beside the files; it stays as it is",
            };
            let why = format!("{subscription}: {why}");
            self.unsaid.push(Unsaid::new(&what, why));
        }
        let topic = Topic {
            display_name: state.display_name.clone(),
            subscriptions,
            rules: rules(state.policy.as_ref()),
            kms_key: state.key.clone(),
            ..topic_named(name.to_owned())
        };
        if state.policy.as_ref() != Some(&topic.policy(self.target())) {
            let why = "its policy is another one; an apply writes one that lets CloudWatch and the files' rules publish";
            self.unsaid.push(Unsaid::new(&what, why));
        }
        self.desired.topics.push(topic);
    }
}

/// The ARNs that an alarm tells.
pub(crate) fn arns(alarm: &Alarm) -> Vec<&String> {
    let actions = match alarm {
        Alarm::Metric(alarm) => &alarm.actions,
        Alarm::Composite(alarm) => &alarm.actions,
    };
    let all = [&actions.alarm, &actions.ok, &actions.insufficient_data];
    all.into_iter().flatten().collect()
}

fn topic_named(name: String) -> Topic {
    Topic {
        name,
        display_name: String::new(),
        subscriptions: Vec::new(),
        rules: Vec::new(),
        kms_key: None,
        chats: Vec::new(),
    }
}

fn was_ours(subscription: &Subscription, tags: &Tags) -> bool {
    let hash = subscription.hash();
    let mut hashes = tags
        .get(TAG_SUBSCRIPTIONS)
        .into_iter()
        .flat_map(|tag| tag.split(' '));
    hashes.any(|one| one == hash)
}

/// Names of the rules that a policy of ours lets publish.
fn rules(policy: Option<&Value>) -> Vec<String> {
    let statements = policy.and_then(|policy| policy["Statement"].as_array());
    let statement = statements.into_iter().flatten();
    let mut statement = statement.filter(|one| one["Sid"] == "EventsMayPublish");
    let arns = statement
        .next()
        .map(|one| &one["Condition"]["ArnEquals"]["aws:SourceArn"]);
    let names = arns.and_then(Value::as_array).into_iter().flatten();
    names
        .filter_map(|arn| {
            arn.as_str()?
                .split_once(":rule/")
                .map(|(_, name)| name.to_owned())
        })
        .collect()
}

/// Alarms by name; composites after those they name.
fn order(desired: &mut Desired) {
    desired.alarms.sort_by(|a, b| a.name.cmp(&b.name));
    desired.composites.sort_by(|a, b| a.name.cmp(&b.name));
    let mut waiting = std::mem::take(&mut desired.composites);
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|one| one.name.clone()).collect();
        let (later, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| {
            let children = Alarm::Composite(one.clone()).children();
            children.iter().any(|child| names.contains(child))
        });
        // A circle stays in the order of its names.
        let circle = ready.is_empty();
        desired.composites.extend(ready);
        waiting = match circle {
            true => {
                desired.composites.extend(later);
                Vec::new()
            }
            false => later,
        };
    }
}
