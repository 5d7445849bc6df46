//! X-Ray sampling rules: how many requests are traced.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A sampling rule of version 1, every criterion filled in: X-Ray's default is `*`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingRule {
    /// 1 to 32 characters, unique in the account and region.
    pub name: String,
    /// 1 to 9999; the lowest that matches decides.
    pub priority: u32,
    /// Requests a second that are traced before the rate counts.
    pub reservoir: u32,
    /// Share of the others, 0 to 1.
    pub rate: f64,
    /// `ServiceName`.
    pub service: String,
    /// `ServiceType`, such as `AWS::Lambda::Function`.
    pub service_type: String,
    /// `Host`.
    pub host: String,
    /// `HTTPMethod`.
    pub method: String,
    /// `URLPath`.
    pub path: String,
    /// `ResourceARN`.
    pub resource_arn: String,
    /// Segment annotations that have to match, at most five.
    pub attributes: BTreeMap<String, String>,
}

impl SamplingRule {
    /// Field by field, for people: two rules are the same exactly when their fields are.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        let mut put = |name: &str, value: String| {
            fields.insert(name.to_owned(), value);
        };
        put("priority", self.priority.to_string());
        put("reservoir", format!("{} a second", self.reservoir));
        put("rate", self.rate.to_string());
        for (name, value) in [
            ("service", &self.service),
            ("service_type", &self.service_type),
            ("host", &self.host),
            ("method", &self.method),
            ("path", &self.path),
            ("resource_arn", &self.resource_arn),
        ] {
            if value != "*" {
                put(name, value.clone());
            }
        }
        for (name, value) in &self.attributes {
            put(&format!("attributes.{name}"), value.clone());
        }
        fields
    }

    /// What the content hash is taken of.
    pub fn content(&self) -> String {
        format!("{:?}", self.fields())
    }
}
