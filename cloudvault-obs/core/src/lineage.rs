//! Which functions a request has passed, and how often: what tells a loop from a
//! long way.
//!
//! AWS keeps such a record in `Lineage` of `X-Amzn-Trace-Id`, for Lambda, SQS, SNS
//! and S3 only. This one has the same form and travels with the correlation id,
//! so that a loop through HTTP, EventBridge or a stream is seen as well.

use std::{convert::Infallible, fmt, str::FromStr};

/// `1a2b3c4d:2|5e6f7a8b:1`: for each function a hash, and the rounds through it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage(Vec<Entry>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    function: u32,
    rounds: u32,
}

impl Lineage {
    /// The functions that are remembered; of more, those passed least often are
    /// forgotten.
    pub const MAX: usize = 16;

    /// One round through `function`, its ARN, further.
    #[must_use]
    pub fn through(mut self, function: &str) -> Self {
        let own = hash(function);
        let found = self.0.iter().position(|entry| entry.function == own);
        let rounds = found.map_or(0, |index| self.0.remove(index).rounds);
        if self.0.len() >= Self::MAX {
            let least = (0..self.0.len()).min_by_key(|&index| self.0[index].rounds);
            self.0.remove(least.unwrap_or(0));
        }
        self.0.push(Entry {
            function: own,
            rounds: rounds.saturating_add(1),
        });
        self
    }

    /// How often `function`, its ARN, was passed.
    #[must_use]
    pub fn rounds(&self, function: &str) -> u32 {
        let own = hash(function);
        let found = self.0.iter().find(|entry| entry.function == own);
        found.map_or(0, |entry| entry.rounds)
    }
}

/// FNV-1a of an ARN without its version or alias.
fn hash(function: &str) -> u32 {
    let mut colons = 0;
    let unqualified = function.bytes().take_while(|byte| {
        colons += u32::from(*byte == b':');
        colons < 7
    });
    unqualified.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl FromStr for Lineage {
    type Err = Infallible;

    /// What is no entry is passed over, and so is what goes beyond
    /// [`Lineage::MAX`].
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let entry = |text: &str| {
            let (function, rounds) = text.trim().split_once(':')?;
            let hex = function.len() == 8 && function.bytes().all(|b| b.is_ascii_hexdigit());
            Some(Entry {
                function: hex.then(|| u32::from_str_radix(function, 16).ok())??,
                rounds: rounds.parse().ok()?,
            })
        };
        let entries = text.split('|').take(2 * Self::MAX).filter_map(entry);
        Ok(Self(entries.take(Self::MAX).collect()))
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Entry { function, rounds }) in self.0.iter().enumerate() {
            let between = if index > 0 { "|" } else { "" };
            write!(f, "{between}{function:08x}:{rounds}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UPLOAD: &str = "arn:aws:lambda:eu-west-1:123456789012:function:upload";

    fn read(text: &str) -> Lineage {
        text.parse().expect("never fails")
    }

    #[test]
    fn rounds_are_counted_for_each_function() {
        let lineage = Lineage::default().through(UPLOAD).through("share");
        let lineage = read(&lineage.to_string()).through(&format!("{UPLOAD}:live"));
        assert_eq!((lineage.rounds(UPLOAD), lineage.rounds("share")), (2, 1));
        assert_eq!(lineage.rounds("list"), 0);
        assert_eq!(read(&lineage.to_string()), lineage);
    }

    #[test]
    fn foreign_text_does_no_harm() {
        assert_eq!(read("").to_string(), "");
        assert_eq!(
            read("x|1a2b3c4d:2| 1a:3|5e6f7a8b: |").to_string(),
            "1a2b3c4d:2"
        );
        let many = "1a2b3c4d:1|".repeat(1000);
        assert_eq!(read(&many).0.len(), Lineage::MAX);
        let last = format!("1a2b3c4d:{}", u32::MAX);
        assert_eq!(read(&last).to_string(), last);
    }

    proptest! {
        #[test]
        fn a_loop_is_counted_however_long_the_way(functions in 1..40_usize, rounds in 1..20_u32) {
            let mut lineage = Lineage::default();
            for _ in 0..rounds {
                for number in 0..functions {
                    lineage = read(&lineage.through(&number.to_string()).to_string());
                }
            }
            prop_assert!(lineage.0.len() <= Lineage::MAX);
            if functions <= Lineage::MAX {
                prop_assert_eq!(lineage.rounds("0"), rounds);
            }
        }
    }
}
