//! Whether a composite's actions wait, run or are dropped while another alarm, the
//! suppressor, is in `ALARM`.
//!
//! On its transition the composite waits for the suppressor (wait period); when
//! the suppressor leaves `ALARM`, the actions stay away a little longer (extension
//! period), since suppressor and composite seldom recover at the same moment.

use crate::alarm::State;

/// How long the two periods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuppressionConfig {
    /// How long a transition waits for the suppressor, milliseconds.
    pub wait_ms: i64,
    /// How long after the suppressor left `ALARM` actions stay away, milliseconds.
    pub extension_ms: i64,
}

/// What happens to the actions of the composite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Run the actions of this state, now.
    Act(State),
    /// They wait until this time, or until something changes.
    Wait(i64),
    /// They are suppressed as long as the suppressor is in `ALARM`.
    Suppressed,
    /// There is nothing to do.
    Idle,
}

/// The suppression of one composite. Tell it each change of the composite and of
/// the suppressor, and the time when a wait it named is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    config: SuppressionConfig,
    suppressor: State,
    /// The state whose actions have not run yet.
    pending: Option<State>,
    phase: Phase,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No suppressor in sight.
    Clear,
    /// A transition waits for the suppressor.
    Waiting { until_ms: i64 },
    /// The suppressor is in `ALARM`; it may have come during a wait.
    Suppressing { wait_until_ms: Option<i64> },
    /// The suppressor has left `ALARM` a short while ago.
    Extending { until_ms: i64 },
}

impl Suppression {
    /// A suppression whose suppressor is in this state.
    pub fn new(config: SuppressionConfig, suppressor: State) -> Self {
        let phase = if suppressor == State::Alarm {
            Phase::Suppressing {
                wait_until_ms: None,
            }
        } else {
            Phase::Clear
        };
        Self {
            config,
            suppressor,
            pending: None,
            phase,
        }
    }

    /// The composite went into another state.
    pub fn composite_changed(&mut self, state: State, now_ms: i64) -> Outcome {
        let due = self.tick(now_ms);
        self.pending = Some(state);
        // (Clear | Waiting | Extending) => Waiting: each change waits anew for the
        // suppressor, and what was waited for is forgotten.
        if !matches!(self.phase, Phase::Suppressing { .. }) {
            self.phase = Phase::Waiting {
                until_ms: now_ms.saturating_add(self.config.wait_ms),
            };
        }
        // What was due comes first; the new state's wait shows at the next tick.
        if matches!(due, Outcome::Act(_)) {
            due
        } else {
            self.tick(now_ms)
        }
    }

    /// The suppressor went into another state.
    pub fn suppressor_changed(&mut self, state: State, now_ms: i64) -> Outcome {
        let due = self.tick(now_ms);
        let was = std::mem::replace(&mut self.suppressor, state);
        self.phase = match (was == State::Alarm, state == State::Alarm, self.phase) {
            (false, true, Phase::Waiting { until_ms }) => Phase::Suppressing {
                wait_until_ms: Some(until_ms),
            },
            // (Clear | Extending) => Suppressing
            (false, true, _) => Phase::Suppressing {
                wait_until_ms: None,
            },
            // Suppressing => Waiting: it came and went within one wait, which begins anew.
            (
                true,
                false,
                Phase::Suppressing {
                    wait_until_ms: Some(until_ms),
                },
            ) if now_ms < until_ms => Phase::Waiting {
                until_ms: now_ms + self.config.wait_ms,
            },
            // Suppressing => Extending
            (true, false, _) => Phase::Extending {
                until_ms: now_ms + self.config.extension_ms,
            },
            (_, _, phase) => phase,
        };
        if matches!(due, Outcome::Act(_)) {
            due
        } else {
            self.tick(now_ms)
        }
    }

    /// When actions that wait now may run, if nothing happens before.
    pub fn until(&self) -> Option<i64> {
        match self.phase {
            Phase::Waiting { until_ms } | Phase::Extending { until_ms } => {
                self.pending.map(|_| until_ms)
            }
            Phase::Clear | Phase::Suppressing { .. } => None,
        }
    }

    /// The outcome at a time: to be asked when a named wait is over.
    pub fn tick(&mut self, now_ms: i64) -> Outcome {
        match self.phase {
            Phase::Suppressing { .. } => {
                self.pending.map_or(Outcome::Idle, |_| Outcome::Suppressed)
            }
            Phase::Waiting { until_ms } | Phase::Extending { until_ms } if now_ms < until_ms => {
                self.pending
                    .map_or(Outcome::Idle, |_| Outcome::Wait(until_ms))
            }
            // (Waiting | Extending) => Clear
            Phase::Clear | Phase::Waiting { .. } | Phase::Extending { .. } => {
                self.phase = Phase::Clear;
                self.pending.take().map_or(Outcome::Idle, Outcome::Act)
            }
        }
    }
}
