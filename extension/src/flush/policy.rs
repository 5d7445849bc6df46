//! When points leave.
//!
//! There are three chances: an invocation begins (a flush then runs beside the
//! handler and costs nobody's time), an invocation runs on, and an invocation
//! ends (a flush then holds the environment, and its time is billed). Nothing is
//! sent between invocations: the environment may be frozen at any moment, and
//! with it a request on its way.
//!
//! | policy | at the beginning | meanwhile | at the end |
//! |---|---|---|---|
//! | `end` | - | - | always |
//! | `periodic` | - | - | once the interval has passed since the last flush |
//! | `continuous` | always | every interval | - |
//! | `adaptive` | if the points would be too old at the next end | every interval | if they would be too old at the next beginning |
//!
//! "Too old" is older than the interval, by a forecast of the time until the next
//! invocation: twice the larger of the last gap between two and their moving
//! mean. While little is known, or invocations are rare, the forecast is long, so
//! `adaptive` acts as `end`; a busy function's flushes all run beside its handler.
//!
//! Whatever the policy, a journal that is half full is a reason to flush.

use std::time::Duration;

use crate::clock::Moment;

/// When points leave, where Lambda announces each invocation. On Managed
/// Instances, which announces none, the timer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// At the end of every invocation: nothing recorded waits for a thaw.
    End,
    /// At the end of an invocation, once an interval.
    Periodic,
    /// Beside running invocations, never at their end.
    Continuous,
    /// By the observed rate of invocations.
    #[default]
    Adaptive,
}

/// Gaps that have to be seen before a forecast is made.
const SEEN: u32 = 3;
/// The moving mean's share of the newest gap: one eighth.
const SHARE: i64 = 8;

/// Remembers what the policy decides by.
#[derive(Debug, Clone)]
pub struct Schedule {
    policy: Policy,
    interval_ms: i64,
    invoked: Option<Moment>,
    gaps: u32,
    mean_ms: i64,
    last_ms: i64,
    /// Since when points wait.
    waiting: Option<Moment>,
    flushed: Option<Moment>,
}

impl Schedule {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(policy: Policy, interval: Duration) -> Self {
        Self {
            policy,
            interval_ms: i64::try_from(interval.as_millis()).unwrap_or(i64::MAX),
            invoked: None,
            gaps: 0,
            mean_ms: 0,
            last_ms: 0,
            waiting: None,
            flushed: None,
        }
    }

    /// An invocation begins.
    pub fn invoked(&mut self, now: Moment) {
        if let Some(before) = self.invoked.replace(now) {
            let gap = now.since(before);
            self.mean_ms = match self.gaps {
                0 => gap,
                _ => self.mean_ms + (gap - self.mean_ms) / SHARE,
            };
            self.last_ms = gap;
            self.gaps = self.gaps.saturating_add(1);
        }
    }

    /// Points wait, or do not any more.
    pub fn waits(&mut self, any: bool, now: Moment) {
        self.waiting = any.then(|| self.waiting.unwrap_or(now));
    }

    /// A flush was tried.
    pub fn flushed(&mut self, now: Moment) {
        self.flushed = Some(now);
    }

    /// Milliseconds until the next invocation, cautiously; none while too little
    /// is known.
    fn forecast_ms(&self) -> Option<i64> {
        let longest = self.mean_ms.max(self.last_ms);
        (self.gaps >= SEEN).then(|| longest.saturating_mul(2))
    }

    /// Whether points are older than the interval after `more` milliseconds.
    fn too_old(&self, more: i64, now: Moment) -> bool {
        self.waiting
            .is_some_and(|since| now.since(since).saturating_add(more) > self.interval_ms)
    }

    /// Whether to flush as an invocation begins, beside it.
    #[must_use]
    pub fn at_start(&self, now: Moment) -> bool {
        match self.policy {
            Policy::End | Policy::Periodic => false,
            Policy::Continuous => self.waiting.is_some(),
            // Without a forecast the end is near enough: this environment is
            // held there in any case.
            Policy::Adaptive => self
                .forecast_ms()
                .is_some_and(|gap| self.too_old(gap.saturating_mul(2), now)),
        }
    }

    /// How long an invocation may run on before points leave beside it; none if
    /// they never do.
    #[must_use]
    pub fn meanwhile(&self) -> Option<Duration> {
        let every = Duration::from_millis(self.interval_ms.unsigned_abs());
        matches!(self.policy, Policy::Continuous | Policy::Adaptive).then_some(every)
    }

    /// Whether to flush as an invocation ends, while the environment waits.
    #[must_use]
    pub fn at_end(&self, now: Moment) -> bool {
        match self.policy {
            Policy::End => true,
            Policy::Periodic => self
                .flushed
                .is_none_or(|before| now.since(before) >= self.interval_ms),
            Policy::Continuous => false,
            Policy::Adaptive => self.forecast_ms().is_none_or(|gap| self.too_old(gap, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one run of invocations came to.
    #[derive(Debug, Default, PartialEq)]
    struct Run {
        beside: u32,
        at_end: u32,
        /// The longest that points waited, in milliseconds.
        oldest_ms: i64,
    }

    /// Runs `count` invocations, each `gap_ms` after the one before and 5 ms
    /// long, that record one point each.
    fn run(schedule: &mut Schedule, start_ms: i64, count: u32, gap_ms: i64) -> Run {
        let mut run = Run::default();
        for index in 0..i64::from(count) {
            let now = Moment::at(start_ms + index * gap_ms);
            schedule.invoked(now);
            let mut flush = |schedule: &mut Schedule, now: Moment, counter: fn(&mut Run)| {
                let age = schedule.waiting.map_or(0, |since| now.since(since));
                run.oldest_ms = run.oldest_ms.max(age);
                schedule.waits(false, now);
                schedule.flushed(now);
                counter(&mut run);
            };
            if schedule.at_start(now) {
                flush(schedule, now, |run| run.beside += 1);
            }
            let now = Moment::at(now.wall_ms + 5);
            schedule.waits(true, now);
            if schedule.at_end(now) {
                flush(schedule, now, |run| run.at_end += 1);
            }
        }
        run
    }

    fn check(policy: Policy, count: u32, gap_ms: i64, beside: u32, at_end: u32) -> Run {
        let mut schedule = Schedule::new(policy, Duration::from_secs(10));
        let run = run(&mut schedule, 1000, count, gap_ms);
        assert_eq!(
            (run.beside, run.at_end),
            (beside, at_end),
            "{policy:?} {gap_ms}"
        );
        run
    }

    #[test]
    fn each_policy_keeps_its_word() {
        check(Policy::End, 100, 10, 0, 100);
        check(Policy::Periodic, 100, 1000, 0, 10);
        check(Policy::Periodic, 100, 60_000, 0, 100);
        check(Policy::Continuous, 100, 10, 99, 0);
    }

    #[test]
    fn adaptive_acts_as_end_while_invocations_are_rare() {
        let run = check(Policy::Adaptive, 100, 60_000, 0, 100);
        assert_eq!(run.oldest_ms, 0);
        check(Policy::Adaptive, 100, 6000, 0, 100);
    }

    #[test]
    fn adaptive_holds_no_invocations_end_once_it_knows_a_busy_function() {
        for gap_ms in [10, 50, 100, 500, 1000] {
            let mut schedule = Schedule::new(Policy::Adaptive, Duration::from_secs(10));
            let first = run(&mut schedule, 0, 4, gap_ms);
            assert_eq!((first.beside, first.at_end), (0, 3), "{gap_ms}");
            let count = u32::try_from(100_000 / gap_ms).unwrap();
            let later = run(&mut schedule, 4 * gap_ms, count, gap_ms);
            assert_eq!(later.at_end, 0, "{gap_ms}");
            assert!((9..=18).contains(&later.beside), "{gap_ms} {later:?}");
            assert!(later.oldest_ms <= 10_000, "{gap_ms} {later:?}");
        }
    }

    #[test]
    fn adaptive_falls_back_on_the_end_when_a_busy_function_grows_quiet() {
        let mut schedule = Schedule::new(Policy::Adaptive, Duration::from_secs(10));
        run(&mut schedule, 0, 1000, 10);
        // One long gap is enough.
        let quiet = run(&mut schedule, 100_000, 1, 0);
        assert_eq!((quiet.beside, quiet.at_end), (1, 1));
    }

    #[test]
    fn only_continuous_and_adaptive_flush_beside_a_long_invocation() {
        for (policy, expect) in [
            (Policy::End, false),
            (Policy::Periodic, false),
            (Policy::Continuous, true),
            (Policy::Adaptive, true),
        ] {
            let schedule = Schedule::new(policy, Duration::from_secs(1));
            assert_eq!(schedule.meanwhile().is_some(), expect, "{policy:?}");
        }
    }
}
