//! Metric filters: how a line of a log group becomes a datapoint.
//!
//! CloudWatch Logs gives a filter neither tags nor a description, so its name says
//! whose it is: it begins with [`Target::filter_prefix`].

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Target;

/// A metric filter of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// The log group it reads.
    pub log_group: String,
    /// Unique in the log group; 1 to 512 characters without `:` and `*`.
    pub name: String,
    /// At most 1024 characters.
    pub pattern: String,
    /// Namespace of the metric it writes.
    pub metric_namespace: String,
    /// Name of the metric it writes.
    pub metric_name: String,
    /// What a matching line counts as: a number or a `$.selector`.
    pub value: String,
    /// What is written when lines come and none matches.
    pub default_value: Option<f64>,
    /// Settings that the files cannot express, such as dimensions: they show as a
    /// difference and go.
    pub foreign: BTreeMap<String, String>,
}

impl MetricFilter {
    /// Log group and name: what is unique in an account and region.
    pub fn key(&self) -> (String, String) {
        (self.log_group.clone(), self.name.clone())
    }

    /// Field by field, for people: two filters are the same exactly when their fields
    /// are.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([
            ("pattern".to_owned(), self.pattern.clone()),
            (
                "metric".to_owned(),
                format!("{} {}", self.metric_namespace, self.metric_name),
            ),
            ("value".to_owned(), self.value.clone()),
        ]);
        if let Some(value) = self.default_value {
            fields.insert("default_value".to_owned(), value.to_string());
        }
        fields.extend(self.foreign.clone());
        fields
    }
}

impl Target {
    /// What the names of this project's filters begin with. `/` stands in no name of a
    /// project or an environment, so that `dev` never takes a filter of `dev-2` for
    /// its own.
    pub fn filter_prefix(&self) -> String {
        format!("{}/{}/", self.project, self.environment)
    }
}
