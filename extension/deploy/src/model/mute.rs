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
}

impl MuteRule {
    /// The most alarms of one rule.
    pub const MAX_ALARMS: usize = 100;

    /// The window's length as the API takes it: `PT90M`.
    pub fn duration(&self) -> String {
        format!("PT{}M", self.minutes)
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
        fields
    }
}
