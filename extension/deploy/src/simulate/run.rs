//! The clock: evaluates what is due, time after time.

use std::collections::BTreeMap;

use obs_cloudwatch::alarm::{Look, Moment, State, look};
use obs_cloudwatch::composite::{Held, reason};
use obs_cloudwatch::metric::MetricSource;

use super::fleet::{Fleet, Joint, Unknowable};
use super::strip::Strip;
use crate::rule;

/// How often composites are evaluated in a row, at most: once for each level that
/// composites may be nested.
const LEVELS: usize = 16;

/// Alarms, data and a clock.
pub struct Simulation<'a> {
    fleet: &'a Fleet,
    source: &'a dyn MetricSource,
    /// Index of each alarm's status, metric alarms first.
    names: BTreeMap<&'a str, usize>,
    status: Vec<Status>,
    /// When each metric alarm was evaluated last, and in which state.
    looked: Vec<Option<Moment>>,
    /// When each metric alarm is evaluated next.
    due: Vec<i64>,
    /// The actions of each composite, while they may have to wait.
    held: Vec<Option<Held<Act>>>,
    /// The next time at which something is to be done.
    next_ms: i64,
    changes: Vec<Change>,
    acts: Vec<Act>,
}

/// How an alarm is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// Why, since the last transition; empty before the first one.
    pub reason: String,
    /// Whether CloudWatch's documents leave the last transition open.
    pub inferred: bool,
}

/// A transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The alarm.
    pub alarm: String,
    /// From this state.
    pub from: State,
    /// To this one.
    pub to: State,
}

/// Actions that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The alarm.
    pub alarm: String,
    /// The actions of this state.
    pub state: State,
}

impl<'a> Simulation<'a> {
    /// Begins at a time; the first evaluation is at that time. Alarms without an initial
    /// state start in `INSUFFICIENT_DATA`, as CloudWatch's do.
    pub fn new(
        fleet: &'a Fleet,
        source: &'a dyn MetricSource,
        initial: &BTreeMap<String, State>,
        start_ms: i64,
    ) -> Simulation<'a> {
        let watches = fleet.watches.iter().map(|watch| watch.alarm.name.as_str());
        let composites = fleet.composites.iter().map(|joint| joint.name.as_str());
        let all: Vec<&str> = watches.chain(composites).collect();
        let status = all.iter().map(|name| Status {
            state: *initial.get(*name).unwrap_or(&State::InsufficientData),
            reason: String::new(),
            inferred: false,
        });
        Simulation {
            fleet,
            source,
            status: status.collect(),
            names: all.into_iter().zip(0..).collect(),
            looked: vec![None; fleet.watches.len()],
            due: fleet
                .watches
                .iter()
                .map(|watch| watch.first_ms.max(start_ms))
                .collect(),
            held: vec![None; fleet.composites.len()],
            next_ms: start_ms,
            changes: Vec::new(),
            acts: Vec::new(),
        }
    }

    /// Does everything that is due up to and at this time.
    pub fn advance(&mut self, to_ms: i64) {
        while self.next_ms <= to_ms {
            self.tick(self.next_ms);
        }
    }

    /// How an alarm is now.
    ///
    /// # Errors
    /// [`Unknowable`] when it cannot be simulated or is not there.
    pub fn status(&self, name: &str) -> Result<&Status, Unknowable> {
        match self.names.get(name) {
            Some(index) => Ok(&self.status[*index]),
            None => Err(self
                .fleet
                .unknowable
                .get(name)
                .cloned()
                .unwrap_or_else(|| Unknowable {
                    alarm: name.to_owned(),
                    why: "there is no such alarm".to_owned(),
                })),
        }
    }

    /// The names of all alarms that are simulated.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.names.keys().copied()
    }

    /// Every transition so far, in the order of time.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// All actions that ran so far, in the order of time.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// What the last evaluation of a metric alarm saw; of a composite the states of what
    /// it leans on.
    pub fn strip(&self, name: &str) -> Option<Strip> {
        let index = *self.names.get(name)?;
        if let Some(watch) = self.fleet.watches.get(index) {
            return match look(&watch.alarm, self.looked[index]?, self.source) {
                Ok(seen) => Some(Strip::of(&watch.alarm, seen.points())),
                Err(error) => Some(Strip::Failed(format!("failed to {error}"))),
            };
        }
        let joint = &self.fleet.composites[index - self.fleet.watches.len()];
        let suppressor = joint.suppressor.iter().map(|(name, _)| name.as_str());
        let children = joint.rule.children().into_iter().map(rule::bare);
        let state = |name: &str| (name.to_owned(), self.state_of(name));
        Some(Strip::Children(
            children.chain(suppressor).map(state).collect(),
        ))
    }

    fn state_of(&self, name: &str) -> State {
        let index = self.names.get(rule::bare(name));
        index.map_or(State::InsufficientData, |index| self.status[*index].state)
    }

    fn tick(&mut self, now_ms: i64) {
        let mut moved = self.looked.iter().all(Option::is_none);
        for index in 0..self.due.len() {
            if self.due[index] <= now_ms {
                moved |= self.look(index, now_ms);
            }
        }
        let waits = |held: &Option<Held<Act>>| held.as_ref().and_then(Held::until);
        if moved
            || self
                .held
                .iter()
                .filter_map(waits)
                .any(|until| until <= now_ms)
        {
            for _ in 0..LEVELS {
                let mut changed = false;
                for index in 0..self.held.len() {
                    changed |= self.join(index, now_ms);
                }
                if !changed {
                    break;
                }
            }
        }
        let waits = self.held.iter().filter_map(waits);
        let next = self.due.iter().copied().chain(waits).min();
        self.next_ms = next.map_or(i64::MAX, |next| next.max(now_ms + 1));
    }

    /// Evaluates one metric alarm; gives whether its state changed.
    fn look(&mut self, index: usize, now_ms: i64) -> bool {
        let watch = &self.fleet.watches[index];
        let state = self.status[index].state;
        let moment = Moment { now_ms, state };
        self.looked[index] = Some(moment);
        self.due[index] = (now_ms.div_euclid(watch.step_ms) + 1).saturating_mul(watch.step_ms);
        let status = match look(&watch.alarm, moment, self.source) {
            Ok(seen) if !seen.changed() => return false,
            Ok(seen) => told(seen),
            Err(_) if state == State::InsufficientData => return false,
            Err(error) => Status {
                state: State::InsufficientData,
                reason: format!("Failed to {error}"),
                inferred: false,
            },
        };
        let act = self.change(index, status, now_ms);
        self.acts.push(act);
        true
    }

    /// Evaluates one composite; gives whether its state changed.
    fn join(&mut self, index: usize, now_ms: i64) -> bool {
        let joint = &self.fleet.composites[index];
        let state = joint.rule.evaluate(&|name| Some(self.state_of(name)));
        if let Some((suppressor, config)) = &joint.suppressor {
            let seen = self.state_of(suppressor);
            let held = self.held[index].get_or_insert_with(|| Held::new(*config, seen));
            if let Some(due) = held.suppressor_seen(seen, now_ms) {
                self.acts.push(Act {
                    at_ms: now_ms,
                    ..due
                });
            }
        }
        let place = self.fleet.watches.len() + index;
        if self.status[place].state == state {
            return false;
        }
        let status = Status {
            state,
            reason: self.why(joint, state),
            inferred: false,
        };
        let act = self.change(place, status, now_ms);
        let due = match &mut self.held[index] {
            None => Some(act),
            Some(held) => held.changed(state, act, now_ms),
        };
        self.acts.extend(due.map(|due| Act {
            at_ms: now_ms,
            ..due
        }));
        true
    }

    /// Keeps a transition; gives the actions that belong to it.
    fn change(&mut self, index: usize, status: Status, now_ms: i64) -> Act {
        let alarm = match self.fleet.watches.get(index) {
            Some(watch) => &watch.alarm.name,
            None => &self.fleet.composites[index - self.fleet.watches.len()].name,
        };
        let act = Act {
            at_ms: now_ms,
            alarm: alarm.clone(),
            state: status.state,
        };
        self.changes.push(Change {
            at_ms: now_ms,
            alarm: alarm.clone(),
            from: self.status[index].state,
            to: status.state,
        });
        self.status[index] = status;
        act
    }

    /// A composite's reason names the children in `ALARM`, or all when none is.
    fn why(&self, joint: &Joint, state: State) -> String {
        let children: Vec<&str> = joint.rule.children().into_iter().map(rule::bare).collect();
        let firing: Vec<&str> = children
            .iter()
            .copied()
            .filter(|name| self.state_of(name) == State::Alarm)
            .collect();
        let told = match firing.is_empty() {
            true => &children,
            false => &firing,
        };
        reason(&joint.name, &joint.rule.to_string(), state, told)
    }
}

fn told(seen: Look<'_>) -> Status {
    let told = seen.tell();
    Status {
        state: told.state,
        reason: told.reason,
        inferred: told.inferred,
    }
}
