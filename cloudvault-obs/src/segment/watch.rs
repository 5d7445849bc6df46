//! Looks after invocations that last long, from a thread of its own: a handler
//! that computes without ever waiting must not keep it from its work.
//!
//! The thread starts with the first traced invocation and sleeps until one has
//! lasted its time. Under steady traffic beginning an invocation wakes nobody.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{clock, invocation::Invocation};

/// The watcher of all invocations of a process.
#[derive(Debug)]
pub(crate) struct Watch {
    after: Option<Duration>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    watched: Vec<Watched>,
    thread: Thread,
}

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Thread {
    /// None => (Waiting).
    #[default]
    None,
    /// Waits for a time, with or without an invocation: will look by itself.
    Waiting,
    /// Nothing has happened for long: has to be woken.
    Idle,
    /// The process is going down, or no thread could be had.
    Ended,
}

#[derive(Debug)]
struct Watched {
    invocation: Weak<Invocation>,
    next: Instant,
    /// Just before the deadline everything open is announced, however young.
    last: Option<Instant>,
}

/// How long before the deadline the last look is.
const MARGIN: Duration = Duration::from_millis(100);

impl Watch {
    /// Announces spans that last longer than `after`; `None` watches nothing.
    pub(super) fn new(after: Option<Duration>) -> Self {
        Self {
            after,
            shared: Arc::default(),
        }
    }

    /// Begins to watch an invocation that may last `left`.
    pub(super) fn begin(&self, invocation: &Arc<Invocation>, left: Option<Duration>) {
        let Some(after) = self.after else { return };
        let now = clock::instant();
        let watched = Watched {
            invocation: Arc::downgrade(invocation),
            next: now + after,
            last: left.map(|left| now + left.saturating_sub(MARGIN)),
        };
        let mut state = self.shared.lock();
        match state.thread {
            Thread::Ended => return,
            Thread::Waiting => {}
            Thread::Idle => {
                state.thread = Thread::Waiting;
                self.shared.bell.notify_one();
            }
            Thread::None => {
                let shared = Arc::clone(&self.shared);
                let spawned = thread::Builder::new()
                    .name("obs-watch".to_owned())
                    .spawn(move || shared.run(after));
                if spawned.is_err() {
                    state.thread = Thread::Ended;
                    return;
                }
                state.thread = Thread::Waiting;
            }
        }
        state.watched.push(watched);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.lock().thread = Thread::Ended;
        self.shared.bell.notify_one();
    }
}

impl Shared {
    fn run(&self, after: Duration) {
        // Short deadlines have to be noticed between two looks.
        let step = after.min(Duration::from_secs(1));
        let mut state = self.lock();
        while state.thread != Thread::Ended {
            let now = clock::instant();
            let due = state.take_due(now, after);
            if !due.is_empty() {
                drop(state);
                for (invocation, age) in due {
                    look(&invocation, age);
                }
                state = self.lock();
                continue;
            }
            let was_empty = state.watched.is_empty();
            let next = state.watched.iter().map(Watched::due).min();
            let wait = next.map_or(step, |next| next.saturating_duration_since(now).min(step));
            let (back, timeout) = self
                .bell
                .wait_timeout(state, wait)
                .unwrap_or_else(PoisonError::into_inner);
            state = back;
            if was_empty
                && timeout.timed_out()
                && state.watched.is_empty()
                && state.thread == Thread::Waiting
            {
                state.thread = Thread::Idle;
                while state.thread == Thread::Idle {
                    state = self
                        .bell
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn due(&self) -> Instant {
        self.last.map_or(self.next, |last| last.min(self.next))
    }
}

impl State {
    /// The invocations to look at now, each with the age from which its spans
    /// are announced. Those that are over are forgotten.
    fn take_due(&mut self, now: Instant, after: Duration) -> Vec<(Arc<Invocation>, Duration)> {
        let mut due = Vec::new();
        self.watched.retain_mut(|watched| {
            let Some(invocation) = watched.invocation.upgrade() else {
                return false;
            };
            if watched.last.is_some_and(|last| last <= now) {
                due.push((invocation, Duration::ZERO));
                return false;
            }
            if watched.next <= now {
                watched.next = now + after;
                due.push((invocation, after));
            }
            true
        });
        due
    }
}

fn look(invocation: &Invocation, age: Duration) {
    let Some((trace, _)) = invocation.sampled() else {
        return;
    };
    let age_us = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    invocation
        .trail
        .announce(trace.root, clock::now_us() - age_us);
}
