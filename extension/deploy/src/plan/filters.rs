//! Metric filters: each is one put and one delete; its name says whose it is.

use std::collections::BTreeSet;

use super::alarms::fields;
use super::step::{Change, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Desired, MetricFilter};

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let wave = Wave::make(Kind::MetricFilter);
    for filter in &desired.metric_filters {
        let call = Call::PutMetricFilter {
            filter: filter.clone(),
        };
        let step = match observed.metric_filters.get(&filter.key()) {
            None => Step::create(wave, Kind::MetricFilter, &filter.name).changes(new(filter)),
            Some(found) if found.fields() == filter.fields() => {
                work.unchanged += 1;
                continue;
            }
            Some(found) => Step::update(wave, Kind::MetricFilter, &filter.name)
                .changes(fields(&found.fields(), &filter.fields())),
        };
        work.steps.push(step.calls([call]));
    }
    let wanted: BTreeSet<_> = desired
        .metric_filters
        .iter()
        .map(MetricFilter::key)
        .collect();
    let prefix = desired.target.filter_prefix();
    for (key, found) in &observed.metric_filters {
        if wanted.contains(key) || !found.name.starts_with(&prefix) {
            continue;
        }
        let call = Call::DeleteMetricFilter {
            log_group: found.log_group.clone(),
            name: found.name.clone(),
        };
        let step = Step::delete(
            Wave::remove(Kind::MetricFilter),
            Kind::MetricFilter,
            &found.name,
        );
        work.steps.push(step.calls([call]));
    }
}

fn new(filter: &MetricFilter) -> Vec<Change> {
    let group = Change::new("log group", &filter.log_group);
    let fields = filter.fields().into_iter();
    let fields = fields.map(|(field, value)| Change::new(field, value));
    std::iter::once(group).chain(fields).collect()
}
