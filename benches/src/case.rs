//! What a case is, and the list of them.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::work;

/// Does the work so many times, and answers how long that took without what
/// only the measurement needs (emptying a ring, forgetting old output).
pub type Work = Box<dyn FnMut(u64) -> Duration>;

/// One contender in one row.
pub struct Case {
    /// What is done.
    pub row: &'static str,
    /// By whom.
    pub who: &'static str,
    /// Prepares it.
    pub make: fn() -> Work,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.row, self.who)
    }
}

/// Every case, row by row.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (row, contenders) in work::rows() {
        for (who, make) in contenders {
            all.push(Case { row, who, make });
        }
    }
    all
}

/// Work of which nothing has to be left out.
pub fn steady(mut once: impl FnMut() + 'static) -> Work {
    Box::new(move |times| timed(times, &mut once))
}

/// Work in parts of at most `size`, with `between` outside the measured time.
pub fn in_parts(
    size: u64,
    mut part: impl FnMut(u64) -> Duration + 'static,
    mut between: impl FnMut() + 'static,
) -> Work {
    Box::new(move |times| {
        let (mut left, mut took) = (times, Duration::ZERO);
        while left > 0 {
            let now = left.min(size);
            took += part(now);
            between();
            left -= now;
        }
        took
    })
}

/// What else to measure while the work runs: `count` puts its allocation counter
/// here.
pub static ALSO: OnceLock<fn(&mut dyn FnMut())> = OnceLock::new();

/// Times `once` done so many times. What is measured happens in here: callgrind
/// counts by this function's name.
#[inline(never)]
pub fn timed(times: u64, mut once: impl FnMut()) -> Duration {
    let mut work = || {
        for _ in 0..times {
            once();
        }
    };
    let start = Instant::now();
    match ALSO.get() {
        Some(also) => also(&mut work),
        None => work(),
    }
    start.elapsed()
}
