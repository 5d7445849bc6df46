//! EventBridge rules that send what happens to topics, without an alarm between.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use serde_json::Value;

use super::content_hash;

/// What the ids of our targets begin with.
const TARGET_PREFIX: &str = "obs-";
/// Longest id of a target.
const MAX_TARGET_ID: usize = 64;

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
    /// Settings that the files cannot express, such as a schedule: they show as a
    /// difference and go.
    pub foreign: BTreeMap<String, String>,
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
        fields.extend(self.foreign.clone());
        fields
    }

    /// What the mark's hash is taken of. Targets are set by a call of their own, which
    /// may fail while the rule stands: they are not in it.
    pub fn content(&self) -> String {
        let mut fields = self.fields();
        fields.remove("topics");
        format!("{fields:?}")
    }

    /// The id of the target that sends to a topic: 1 to 64 characters. What begins so
    /// is ours, other targets of our rule are left alone.
    pub fn target_id(topic: &str) -> String {
        match topic.len() <= MAX_TARGET_ID - TARGET_PREFIX.len() {
            true => format!("{TARGET_PREFIX}{topic}"),
            false => format!("{TARGET_PREFIX}{}", content_hash(topic)),
        }
    }

    /// True for the id of a target of ours.
    pub fn is_own_target(id: &str) -> bool {
        id.starts_with(TARGET_PREFIX)
    }
}
