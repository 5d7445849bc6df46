//! Waiting between tries: full jitter, so that environments that failed
//! together do not come back together.

use std::time::Duration;

const FIRST_MS: u64 = 50;
const LONGEST_MS: u64 = 1000;

/// A source of waits. Same seed, same waits.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// `seed` should differ from one environment to the next.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The wait after `failures` failed tries in a row: anything up to
    /// 50 ms doubled with each, at most 1 s.
    pub fn wait(&mut self, failures: u32) -> Duration {
        let doubled = FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(16));
        Duration::from_millis(self.below(doubled.min(LONGEST_MS)))
    }

    /// A number from 0 to `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most.saturating_add(1).max(1)
    }

    /// splitmix64: even and small; nothing secret hangs on it.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_spread_over_a_range_that_doubles_up_to_a_second() {
        let longest = |failures| {
            let mut jitter = Jitter::new(7);
            (0..1000)
                .map(|_| jitter.wait(failures).as_millis())
                .max()
                .unwrap()
        };
        assert!((45..=50).contains(&longest(1)));
        assert!((90..=100).contains(&longest(2)));
        assert!((950..=1000).contains(&longest(30)));
    }
}
