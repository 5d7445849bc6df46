//! EventBridge rules that send what happens to topics, without an alarm between.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use serde_json::Value;

/// A rule on the default event bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRule {
    /// 1 to 64 of `[.A-Za-z0-9_-]`, unique in the account and region.
    pub name: String,
    /// At most 512 characters.
    pub description: String,
    /// Which events.
    pub pattern: Value,
    /// Names of the topics they go to, at most five. Each topic's policy lets this
    /// rule publish: see [`super::Topic::policy`].
    pub topics: Vec<String>,
}

impl EventRule {
    /// Field by field, for people: two rules are the same exactly when their fields are.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([("pattern".to_owned(), self.pattern.to_string())]);
        if !self.description.is_empty() {
            fields.insert("description".to_owned(), self.description.clone());
        }
        if !self.topics.is_empty() {
            fields.insert("topics".to_owned(), self.topics.join(", "));
        }
        fields
    }
}
