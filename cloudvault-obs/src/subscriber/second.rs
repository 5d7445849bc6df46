//! The timestamp that a line begins with, rendered once a second.

use cloudvault_obs_core::json::{self, Chunk};

use crate::log::Zone;

/// The last timestamp: within a second only the digits behind the dot change.
pub(super) struct Second {
    now_ms: i64,
    epoch_s: i64,
    /// `{"timestamp":"2026-11-23T03:41:34.505Z`
    text: Chunk<48>,
}

impl Default for Second {
    fn default() -> Self {
        Self {
            now_ms: i64::MIN,
            epoch_s: i64::MIN,
            text: Chunk::default(),
        }
    }
}

impl Second {
    /// Appends the timestamp of a moment, and `head` behind it.
    #[inline]
    pub(super) fn append(
        &mut self,
        line: &mut Vec<u8>,
        (now_ms, zone): (i64, &Zone),
        head: &Chunk<32>,
    ) {
        if now_ms != self.now_ms {
            self.change(now_ms, zone);
        }
        let start = line.len();
        let end = json::open::<80>(line).and_then(|window| {
            let at = self.text.place(window)?;
            Some(at + head.place(window.get_mut(at..)?)?)
        });
        if !json::close(line, start, end) {
            self.text.append(line);
            head.append(line);
        }
    }

    fn change(&mut self, now_ms: i64, zone: &Zone) {
        self.now_ms = now_ms;
        let second = now_ms.div_euclid(1000);
        if second != self.epoch_s {
            let mut text = b"{\"timestamp\":\"".to_vec();
            zone.timestamp(&mut text, now_ms);
            self.text = Chunk::new(&text);
            self.epoch_s = second;
        }
        let ms = now_ms.rem_euclid(1000) as u32;
        let digit = |number: u32| b'0' + (number % 10) as u8;
        // Behind the key, date and time; in front of Z or an offset.
        let at = "{\"timestamp\":\"2026-11-23T03:41:34.".len();
        self.text.as_mut_bytes()[at..at + 3].copy_from_slice(&[
            digit(ms / 100),
            digit(ms / 10),
            digit(ms),
        ]);
    }
}
