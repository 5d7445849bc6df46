//! Metric filters: each is one put; its name in the account says whose it is, and
//! carries a hash of the rest (see [`MetricFilter`]). So a filter that changes gets a new
//! name: the new one is put before the old one goes, and for that moment a line counts
//! twice rather than not at all.

use std::collections::BTreeMap;

use super::alarms::fields;
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Desired, MetricFilter, Seal, Target};

const KIND: Kind = Kind::MetricFilter;

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let account = Account::of(&desired.target, observed);
    for filter in &desired.metric_filters {
        account.make(filter, work);
    }
    for (key, versions) in &account.ours {
        if desired.metric_filters.iter().any(|one| one.key() == *key) {
            continue;
        }
        let mut step = Step::delete(Wave::remove(KIND), KIND, &key.1);
        step.hands = hands(versions);
        work.steps
            .push(step.calls(versions.iter().map(Version::delete)));
    }
}

/// A filter of ours as it is in the account: mostly the only one of its bare name, but
/// an apply that was cut leaves the old one beside the new one.
struct Version<'a> {
    found: &'a MetricFilter,
    seal: Seal,
}

impl Version<'_> {
    fn delete(&self) -> Call {
        delete(self.found)
    }
}

/// The filters of the account, sorted by whose they are.
struct Account<'a> {
    target: &'a Target,
    /// By log group and bare name.
    ours: BTreeMap<(String, String), Vec<Version<'a>>>,
    others: Vec<&'a MetricFilter>,
}

impl<'a> Account<'a> {
    fn of(target: &'a Target, observed: &'a Observed) -> Account<'a> {
        let mut account = Account {
            target,
            ours: BTreeMap::new(),
            others: Vec::new(),
        };
        for found in observed.metric_filters.values() {
            match target.unsealed_filter(found) {
                (_, Seal::None) => account.others.push(found),
                (bare, seal) => {
                    let versions = account.ours.entry(bare.key()).or_default();
                    versions.push(Version { found, seal });
                }
            }
        }
        account
    }

    fn make(&self, filter: &MetricFilter, work: &mut Work<'_>) {
        let sealed = self.target.sealed_filter(filter);
        let put = Call::PutMetricFilter {
            filter: sealed.clone(),
        };
        let twins = self.twins(filter, work);
        let versions = self.ours.get(&filter.key());
        let Some(versions) = versions.map(Vec::as_slice) else {
            let step = Step::create(Wave::make(KIND), KIND, &filter.name);
            let step = step.changes(new(filter)).calls([put]);
            work.steps.push(taken(step, &twins));
            return;
        };
        let is_new = |one: &Version<'_>| one.found.name == sealed.name;
        let put_before = versions.iter().find(|one| is_new(one));
        let done = put_before.is_some_and(|one| one.seal == Seal::Whole);
        let old: Vec<&Version<'_>> = versions.iter().filter(|one| !is_new(one)).collect();
        if done && old.is_empty() && twins.is_empty() {
            work.unchanged += 1;
            return;
        }
        let mut step = Step::update(Wave::make(KIND), KIND, &filter.name);
        if !done {
            let from = put_before.or(old.first().copied());
            let from = from.map(|one| one.found.fields()).unwrap_or_default();
            step.hands = hands(versions);
            step = step.changes(fields(&from, &filter.fields())).calls([put]);
        } else if !old.is_empty() {
            let left = Change::gone("version", "of an earlier apply");
            step = step.changes(vec![left]);
        }
        let step = step.calls(old.into_iter().map(Version::delete));
        work.steps.push(taken(step, &twins));
    }

    /// Somebody else's filters that write the same metric from the same lines, as far as
    /// they are to be taken over. The others are told of: with them every line counts
    /// once more.
    fn twins(&self, filter: &MetricFilter, work: &mut Work<'_>) -> Vec<&'a MetricFilter> {
        let same = |other: &&&MetricFilter| {
            other.log_group == filter.log_group
                && other.metric_namespace == filter.metric_namespace
                && other.metric_name == filter.metric_name
        };
        let twins = self.others.iter().filter(same).copied();
        let (taken, left): (Vec<_>, Vec<_>) = twins.partition(|one| work.adopt.allows(&one.name));
        work.notes.extend(left.iter().map(|other| {
            format!(
                "{} {}: `{}` writes the same metric from the same log group, and lines may count twice; `--adopt '{}'` puts this one in its place",
                KIND.word(), filter.name, other.name, other.name
            )
        }));
        taken
    }
}

/// With somebody else's filters going once ours stands.
fn taken(step: Step, twins: &[&MetricFilter]) -> Step {
    let changes = twins.iter().map(|twin| Change::gone("filter", &twin.name));
    let changes = changes.collect();
    step.changes(changes)
        .calls(twins.iter().map(|twin| delete(twin)))
}

fn delete(found: &MetricFilter) -> Call {
    Call::DeleteMetricFilter {
        log_group: found.log_group.clone(),
        name: found.name.clone(),
    }
}

fn hands(versions: &[Version<'_>]) -> Hands {
    match versions.iter().any(|one| one.seal == Seal::Broken) {
        true => Hands::On,
        false => Hands::Off,
    }
}

fn new(filter: &MetricFilter) -> Vec<Change> {
    let group = Change::new("log group", &filter.log_group);
    let fields = filter.fields().into_iter();
    let fields = fields.map(|(field, value)| Change::new(field, value));
    std::iter::once(group).chain(fields).collect()
}
