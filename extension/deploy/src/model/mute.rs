//! Alarm mute rules: windows in which alarms change their state and tell nobody.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A mute rule of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteRule {
    /// Unique in the account and region.
    pub name: String,
    /// Why.
    pub description: String,
    /// The alarms, 1 to 100, sorted.
    pub alarms: Vec<String>,
    /// `cron(...)` with five fields, or `at(2026-12-24T18:00)`.
    pub expression: String,
    /// Length of a window in minutes: 1 to 21,600 (15 days).
    pub minutes: u32,
    /// Name of a time zone; `UTC` when none was given.
    pub timezone: String,
    /// Settings that the files cannot express, such as a date of expiry: they show as
    /// a difference and go.
    pub foreign: BTreeMap<String, String>,
}

impl MuteRule {
    /// The most alarms of one rule.
    pub const MAX_ALARMS: usize = 100;

    /// The longest window: 15 days.
    pub const MAX_MINUTES: u32 = 15 * 24 * 60;

    /// The window's length as the API takes it: `PT90M`.
    pub fn duration(&self) -> String {
        format!("PT{}M", self.minutes)
    }

    /// The minutes of an ISO 8601 duration such as `P2DT12H`; `None` for what no window
    /// may be.
    pub fn minutes_of(duration: &str) -> Option<u32> {
        let mut rest = duration.strip_prefix('P')?;
        let (mut minutes, mut in_time) = (0_u32, false);
        while !rest.is_empty() {
            if let (Some(time), false) = (rest.strip_prefix('T'), in_time) {
                (rest, in_time) = (time, true);
                continue;
            }
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: u32 = rest[..end].parse().ok()?;
            let unit = match (rest[end..].chars().next()?, in_time) {
                ('W', false) => 7 * 24 * 60,
                ('D', false) => 24 * 60,
                ('H', true) => 60,
                ('M', true) => 1,
                _ => return None,
            };
            minutes = minutes.checked_add(count.checked_mul(unit)?)?;
            rest = &rest[end + 1..];
        }
        (1..=Self::MAX_MINUTES)
            .contains(&minutes)
            .then_some(minutes)
    }

    /// Field by field, for people: two rules are the same exactly when their fields are.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([
            ("alarms".to_owned(), self.alarms.join(", ")),
            ("schedule".to_owned(), self.expression.clone()),
            ("duration".to_owned(), self.duration()),
            ("timezone".to_owned(), self.timezone.clone()),
        ]);
        if !self.description.is_empty() {
            fields.insert("description".to_owned(), self.description.clone());
        }
        fields.extend(self.foreign.clone());
        fields
    }

    /// What the mark's hash is taken of.
    pub fn content(&self) -> String {
        format!("{:?}", self.fields())
    }
}

#[cfg(test)]
mod tests {
    use super::MuteRule;

    #[test]
    fn a_window_has_one_minute_to_fifteen_days() {
        let check = |text: &str, minutes| assert_eq!(MuteRule::minutes_of(text), minutes, "{text}");
        check("PT1M", Some(1));
        check("PT90M", Some(90));
        check("PT1H30M", Some(90));
        check("P2DT12H", Some(3600));
        check("P15D", Some(21_600));
        check("P1W", Some(10_080));
        for bad in [
            "",
            "P",
            "PT",
            "PT0M",
            "P16D",
            "P15DT1M",
            "90M",
            "PT1S",
            "P1M",
            "PTM",
            "PT1",
            "PTT1M",
            "P9999999999D",
        ] {
            check(bad, None);
        }
    }
}
