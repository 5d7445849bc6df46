//! A dashboard: its name and the body that CloudWatch keeps.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// `[A-Za-z0-9_-]`, at most 255 characters.
    pub name: String,
    /// JSON as it is sent: a file's own text, or made from rows.
    pub body: String,
}

impl Dashboard {
    /// The body as a value: two bodies that differ in white space are the same.
    pub fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// What the content hash is taken of.
    pub fn content(&self) -> String {
        self.value()
            .map_or_else(|| self.body.clone(), |value| value.to_string())
    }
}
