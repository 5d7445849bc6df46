//! Both sets of alarms over the same past.

use std::collections::{BTreeMap, BTreeSet};

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::MetricSource;

use super::needs::Needs;
use crate::model::{Alarm, Seal, Target};
use crate::simulate::{Change, Fleet, Simulation};

/// The alarms of a comparison.
#[derive(Clone, Debug)]
pub struct Sides {
    /// As they are applied now.
    pub before: Fleet,
    /// As the files have them.
    pub after: Fleet,
    /// First millisecond that is replayed.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    names: BTreeSet<String>,
}

/// When alarms would have fired, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// First millisecond that was replayed.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// By name.
    pub rows: Vec<Row>,
}

/// One alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub alarm: String,
    /// Under what is applied now; `None` when the account does not have it.
    pub before: Option<Firing>,
    /// Under the files; `None` when they do not have it.
    pub after: Option<Firing>,
    /// What is to be known of it, or why it could not be replayed.
    pub note: Option<String>,
}

/// When an alarm was in `ALARM`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firing {
    /// Start and end in milliseconds since 1970, in order.
    pub spans: Vec<(i64, i64)>,
}

impl Firing {
    /// How often it went to `ALARM`.
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// How long it was in `ALARM`, milliseconds.
    pub fn length_ms(&self) -> i64 {
        self.spans.iter().map(|(start, end)| end - start).sum()
    }
}

impl Row {
    /// Whether it fired on either side.
    pub fn fired(&self) -> bool {
        let fired = |firing: &Option<Firing>| firing.as_ref().is_some_and(|it| it.count() > 0);
        fired(&self.before) || fired(&self.after)
    }

    /// First time and last time in `ALARM`, of both sides.
    pub fn ends(&self) -> Option<(i64, i64)> {
        let sides = [&self.before, &self.after];
        let spans = sides.into_iter().flatten().flat_map(|it| &it.spans);
        spans.fold(None, |ends, (start, end)| match ends {
            None => Some((*start, *end)),
            Some((first, last)) => Some((first.min(*start), last.max(*end))),
        })
    }
}

impl Sides {
    /// The files' alarms whose name `wanted` accepts, and beside them those of the
    /// account with the same names or with the mark of this project; both with what
    /// their composites lean on. `span` is the time that is replayed.
    pub fn new(
        (target, files): (&Target, &[Alarm]),
        account: &[Alarm],
        span: (i64, i64),
        wanted: impl Fn(&str) -> bool,
    ) -> Sides {
        let named = |alarms: &[Alarm], keep: &dyn Fn(&Alarm) -> bool| -> BTreeSet<String> {
            let kept = alarms.iter().filter(|alarm| wanted(alarm.name()));
            kept.filter(|alarm| keep(alarm))
                .map(|alarm| alarm.name().to_owned())
                .collect()
        };
        let after = named(files, &|_| true);
        let ours =
            |alarm: &Alarm| after.contains(alarm.name()) || target.unsealed(alarm).1 != Seal::None;
        let before = named(account, &ours);
        Sides {
            before: fleet(account, &before),
            after: fleet(files, &after),
            from_ms: span.0,
            to_ms: span.1,
            names: before.union(&after).cloned().collect(),
        }
    }

    /// What has to be fetched at `now_ms`; the alarms are made to read it.
    pub fn needs(&mut self, now_ms: i64) -> Needs {
        let mut needs = Needs::default();
        needs.prepare(&mut self.before, self.from_ms, now_ms);
        needs.prepare(&mut self.after, self.from_ms, now_ms);
        needs
    }
}

fn fleet(alarms: &[Alarm], names: &BTreeSet<String>) -> Fleet {
    let by_name: BTreeMap<&str, &Alarm> =
        alarms.iter().map(|alarm| (alarm.name(), alarm)).collect();
    let named = names
        .iter()
        .filter_map(|name| by_name.get_key_value(name.as_str()));
    Fleet::of(crate::simulate::closure(named.map(|it| *it.0), &by_name))
}

/// Replays both sides. `progress` is told now and then how many milliseconds of the past
/// were replayed since it was told last; twice the span altogether.
pub fn replay(
    sides: &Sides,
    needs: &Needs,
    source: &dyn MetricSource,
    mut progress: impl FnMut(u64),
) -> Compared {
    let before = firings(&sides.before, sides, source, &mut progress);
    let after = firings(&sides.after, sides, source, &mut progress);
    let rows = sides.names.iter().map(|name| {
        let unknowable = sides.before.unknowable().chain(sides.after.unknowable());
        let unknowable = unknowable.into_iter().find(|it| it.alarm == *name);
        let note = unknowable.map(|it| format!("failed to {it}"));
        Row {
            alarm: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
            note: note.or_else(|| needs.note(name).map(str::to_owned)),
        }
    });
    Compared {
        from_ms: sides.from_ms,
        to_ms: sides.to_ms,
        rows: rows.collect(),
    }
}

fn firings(
    fleet: &Fleet,
    sides: &Sides,
    source: &dyn MetricSource,
    progress: &mut dyn FnMut(u64),
) -> BTreeMap<String, Firing> {
    const HOUR: i64 = 3_600_000;
    let mut simulation = Simulation::new(fleet, source, &BTreeMap::new(), sides.from_ms);
    let mut time = sides.from_ms;
    while time < sides.to_ms {
        let next = (time + HOUR).min(sides.to_ms);
        simulation.advance(next);
        progress(next.abs_diff(time));
        time = next;
    }
    let mut firings: BTreeMap<String, Firing> = simulation
        .names()
        .map(|name| (name.to_owned(), Firing::default()))
        .collect();
    for change in simulation.changes() {
        if let Some(firing) = firings.get_mut(&change.alarm) {
            firing.note(change, sides.to_ms);
        }
    }
    firings
}

impl Firing {
    fn note(&mut self, change: &Change, end_ms: i64) {
        match (change.to, change.from) {
            (State::Alarm, _) => self.spans.push((change.at_ms, end_ms)),
            (_, State::Alarm) => {
                if let Some(last) = self.spans.last_mut() {
                    last.1 = change.at_ms;
                }
            }
            _ => {}
        }
    }
}
