//! What the account holds, as far as the plan has to know. Reads only, and few: one
//! listing a kind, then details of what is wanted or may be ours.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{PlanError, observe_rules};
use crate::account::{AccountError, Reads, TopicState};
use crate::model::{Alarm, Desired, EventRule, MetricFilter, MuteRule, SamplingRule, Seal, Tags};

/// Reads under way at once.
pub(super) const AT_ONCE: usize = 8;

/// What the account holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// By ARN: topics that are wanted, or whose names begin as ours do.
    pub topics: BTreeMap<String, TopicState>,
    /// By name: all alarms of the region.
    pub alarms: BTreeMap<String, Alarm>,
    /// By name: tags of the alarms whose ownership matters.
    pub alarm_tags: BTreeMap<String, Tags>,
    /// By name: bodies of the dashboards that are wanted or ours.
    pub bodies: BTreeMap<String, String>,
    /// By name: tags of all dashboards.
    pub dashboard_tags: BTreeMap<String, Tags>,
    /// By log group and name: all metric filters.
    pub metric_filters: BTreeMap<(String, String), MetricFilter>,
    /// By name: all rules on the default event bus, as [`Reads::event_rules`] gives them.
    pub event_rules: BTreeMap<String, EventRule>,
    /// By name: tags of the event rules whose ownership matters.
    pub event_rule_tags: BTreeMap<String, Tags>,
    /// By name: targets of the event rules that are wanted or marked as ours.
    pub targets: BTreeMap<String, BTreeMap<String, String>>,
    /// By name: all mute rules.
    pub mute_rules: BTreeMap<String, MuteRule>,
    /// By name: all sampling rules but X-Ray's own.
    pub sampling_rules: BTreeMap<String, SamplingRule>,
    /// By name: their tags.
    pub sampling_tags: BTreeMap<String, Tags>,
    /// What could not be looked at, and why.
    pub unread: Vec<String>,
}

/// Reads the account that `desired` is for.
///
/// # Errors
/// [`PlanError::OtherAccount`] when the credentials belong to another account, and
/// whatever the account answers.
pub async fn observe<A: Reads>(account: &A, desired: &Desired) -> Result<Observed, PlanError> {
    let found = account.identity().await?;
    if found != desired.target.account {
        return Err(PlanError::OtherAccount {
            found,
            expected: desired.target.account.clone(),
            environment: desired.target.environment.clone(),
        });
    }
    let mut observed = Observed::default();
    alarms(account, desired, &mut observed).await?;
    topics(account, desired, &mut observed).await?;
    dashboards(account, desired, &mut observed).await?;
    observe_rules::read(account, desired, &mut observed).await?;
    Ok(observed)
}

async fn alarms<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    wanted.extend(desired.alarms.iter().map(|alarm| alarm.name.as_str()));
    wanted.extend(desired.composites.iter().map(|alarm| alarm.name.as_str()));
    let mut asked = Vec::new();
    for alarm in account.alarms().await? {
        let marked = desired.target.unsealed(&alarm).1 != Seal::None;
        let name = alarm.name().to_owned();
        // Marked and wanted: ours, no question needed. Marked and unwanted is about to
        // be deleted, wanted and unmarked about to be overwritten: the tags decide.
        if marked != wanted.contains(name.as_str()) {
            asked.push(name.clone());
        }
        observed.alarms.insert(name, alarm);
    }
    observed.alarm_tags = stream::iter(asked)
        .map(|name| async move {
            let tags = account.tags(&desired.target.alarm_arn(&name)).await?;
            Ok::<_, AccountError>((name, tags))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(())
}

async fn topics<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let target = &desired.target;
    let wanted: BTreeSet<String> = desired
        .topics
        .iter()
        .map(|topic| target.topic_arn(&topic.name))
        .collect();
    let prefix = target.topic_arn(&target.topic_prefix());
    let asked: Vec<String> = account
        .topics()
        .await?
        .into_iter()
        .filter(|arn| wanted.contains(arn) || arn.starts_with(&prefix))
        .collect();
    observed.topics = stream::iter(asked)
        .map(|arn| async move {
            let state = account.topic(&arn).await?;
            Ok::<_, AccountError>((arn, state))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(())
}

async fn dashboards<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let wanted: BTreeSet<&str> = desired
        .dashboards
        .iter()
        .map(|dashboard| dashboard.name.as_str())
        .collect();
    let names = account.dashboards().await?;
    let found: Vec<(String, Tags, Option<String>)> = stream::iter(names)
        .map(|name| {
            let wanted = wanted.contains(name.as_str());
            async move {
                let arn = desired.target.dashboard_arn(&name);
                let tags = account.tags(&arn).await?;
                // A board that is about to be deleted may hold somebody's work.
                let body = match wanted || desired.target.owns(&tags) {
                    true => Some(account.dashboard(&name).await?),
                    false => None,
                };
                Ok::<_, AccountError>((name, tags, body))
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for (name, tags, body) in found {
        observed
            .bodies
            .extend(body.map(|body| (name.clone(), body)));
        observed.dashboard_tags.insert(name, tags);
    }
    Ok(())
}
