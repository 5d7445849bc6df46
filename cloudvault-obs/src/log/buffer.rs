//! DEBUG lines that are written only if the invocation fails.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The lines kept of one invocation, or of the time before the first.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Buffer>);

impl Kept {
    /// Keeps `line`, ended by its line feed, within `capacity` bytes in all.
    pub(crate) fn push(&self, line: &[u8], capacity: usize) {
        self.lock().push(line, capacity);
    }

    /// Hands the lines over, in their order, and begins anew.
    pub(crate) fn take(&self) -> (Vec<u8>, Evicted) {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole lines, at most a number of bytes; the oldest give way, and are counted.
#[derive(Debug, Default)]
struct Buffer {
    bytes: VecDeque<u8>,
    lengths: VecDeque<usize>,
    evicted: Evicted,
}

/// What did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Evicted {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

impl Buffer {
    fn push(&mut self, line: &[u8], capacity: usize) {
        while self.bytes.len() + line.len() > capacity {
            let Some(length) = self.lengths.pop_front() else {
                // Longer than the whole buffer.
                return self.evicted.add(line.len());
            };
            self.bytes.drain(..length);
            self.evicted.add(length);
        }
        self.bytes.extend(line);
        self.lengths.push_back(line.len());
    }

    fn take(&mut self) -> (Vec<u8>, Evicted) {
        self.lengths.clear();
        let bytes = std::mem::take(&mut self.bytes).into();
        (bytes, std::mem::take(&mut self.evicted))
    }
}

impl Evicted {
    fn add(&mut self, length: usize) {
        self.lines += 1;
        self.bytes += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_in_are_bytes_out_plus_bytes_evicted(
            lengths in prop::collection::vec(1..40_usize, 0..40), capacity in 0..100_usize,
        ) {
            let mut buffer = Buffer::default();
            let mut all = Vec::new();
            for (number, length) in lengths.iter().enumerate() {
                let line = vec![number as u8; *length];
                buffer.push(&line, capacity);
                all.extend(line);
            }
            let (kept, evicted) = buffer.take();
            prop_assert!(kept.len() <= capacity);
            prop_assert_eq!(kept.len() as u64 + evicted.bytes, all.len() as u64);
            if lengths.iter().all(|length| *length <= capacity) {
                prop_assert!(all.ends_with(&kept));
            }
            prop_assert_eq!(buffer.take(), (Vec::new(), Evicted::default()));
        }
    }
}
