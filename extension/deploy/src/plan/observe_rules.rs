//! The rest of what the account holds: filters, event rules, mute rules, sampling
//! rules.
//!
//! Whoever declares none of a kind may lack the right to list it: then nothing of the
//! kind can be ours, and the plan says that it was not looked at.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::observe::{AT_ONCE, Observed};
use super::step::Kind;
use crate::account::{AccountError, Reads, Trouble};
use crate::model::{Desired, Seal};

pub(super) async fn read<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let filters = account.metric_filters().await;
    let filters = observed.listed(Kind::MetricFilter, &desired.metric_filters, filters)?;
    observed.metric_filters = filters.into_iter().map(|it| (it.key(), it)).collect();
    event_rules(account, desired, observed).await?;
    mute_rules(account, desired, observed).await?;
    sampling_rules(account, desired, observed).await
}

impl Observed {
    /// What was listed; nothing, and a remark, where that was refused and nothing is
    /// wanted.
    fn listed<T, W>(
        &mut self,
        kind: Kind,
        wanted: &[W],
        found: Result<Vec<T>, AccountError>,
    ) -> Result<Vec<T>, AccountError> {
        match found {
            Err(error)
                if wanted.is_empty()
                    && matches!(error.trouble, Trouble::Denied | Trouble::Unknown) =>
            {
                self.unread.push(format!(
                    "{}s were not looked at, and none is declared: {error}",
                    kind.word()
                ));
                Ok(Vec::new())
            }
            found => found,
        }
    }
}

async fn event_rules<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let target = &desired.target;
    let rules = account.event_rules().await;
    let rules = observed.listed(Kind::EventRule, &desired.event_rules, rules)?;
    let (mut tagged, mut aimed) = (Vec::new(), Vec::new());
    for rule in rules {
        let marked = target.unmarked(&rule.description, |_| String::new()).1 != Seal::None;
        let wanted = desired.event_rules.iter().any(|one| one.name == rule.name);
        // As with alarms: where mark and wish agree, nobody has to be asked.
        if marked != wanted {
            tagged.push(rule.name.clone());
        }
        if marked || wanted {
            aimed.push(rule.name.clone());
        }
        observed.event_rules.insert(rule.name.clone(), rule);
    }
    observed.event_rule_tags = stream::iter(tagged)
        .map(|name| async move {
            let tags = account.tags(&target.rule_arn(&name)).await?;
            Ok::<_, AccountError>((name, tags))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    observed.targets = stream::iter(aimed)
        .map(|name| async move {
            let targets = account.targets(&name).await?;
            Ok::<_, AccountError>((name, targets))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(())
}

async fn mute_rules<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let names = account.mute_rules().await;
    let names = observed.listed(Kind::MuteRule, &desired.mute_rules, names)?;
    let rules: Vec<_> = stream::iter(names)
        .map(|name| async move { account.mute_rule(&name).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let rules = rules.into_iter().flatten();
    observed.mute_rules = rules.map(|rule| (rule.name.clone(), rule)).collect();
    Ok(())
}

async fn sampling_rules<A: Reads>(
    account: &A,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), AccountError> {
    let rules = account.sampling_rules().await;
    let rules = observed.listed(Kind::SamplingRule, &desired.sampling_rules, rules)?;
    let names: Vec<String> = rules.iter().map(|rule| rule.name.clone()).collect();
    observed.sampling_rules = rules
        .into_iter()
        .map(|rule| (rule.name.clone(), rule))
        .collect();
    observed.sampling_tags = stream::iter(names)
        .map(|name| async move {
            let arn = desired.target.sampling_rule_arn(&name);
            Ok::<_, AccountError>((name, account.tags(&arn).await?))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(())
}
