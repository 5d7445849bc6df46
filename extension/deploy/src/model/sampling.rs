//! X-Ray sampling rules: how many requests are traced.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::source::merge::matches;

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

    /// Whether this one decides before another and matches all that the other does: then
    /// X-Ray never asks the other.
    pub fn shadows(&self, other: &SamplingRule) -> bool {
        let criteria = |rule: &SamplingRule| {
            [
                rule.service.clone(),
                rule.service_type.clone(),
                rule.host.clone(),
                rule.method.clone(),
                rule.path.clone(),
                rule.resource_arn.clone(),
            ]
        };
        let covers = |(own, theirs): (String, String)| matches(&own, &theirs);
        // An attribute that is asked for narrows a rule down.
        let attributes = self.attributes.iter().all(|(name, own)| {
            let theirs = other.attributes.get(name);
            theirs.is_some_and(|theirs| matches(own, theirs))
        });
        let pairs = criteria(self).into_iter().zip(criteria(other));
        self.priority < other.priority && attributes && pairs.into_iter().all(covers)
    }

    /// What the content hash is taken of.
    pub fn content(&self) -> String {
        format!("{:?}", self.fields())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: u32, service: &str, path: &str) -> SamplingRule {
        let any = || "*".to_owned();
        SamplingRule {
            name: format!("rule-{priority}"),
            priority,
            reservoir: 1,
            rate: 0.05,
            service: service.to_owned(),
            service_type: any(),
            host: any(),
            method: any(),
            path: path.to_owned(),
            resource_arn: any(),
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn a_rule_shadows_what_it_matches_before() {
        let check = |first: &SamplingRule, then: &SamplingRule, expect: bool| {
            assert_eq!(first.shadows(then), expect, "{first:?} {then:?}");
        };
        check(&rule(1, "*", "*"), &rule(2, "upload", "/a"), true);
        check(&rule(2, "*", "*"), &rule(1, "upload", "/a"), false);
        check(&rule(1, "up*", "*"), &rule(2, "upload", "*"), true);
        check(&rule(1, "upload", "*"), &rule(2, "*", "*"), false);
        check(&rule(1, "*", "/a"), &rule(2, "*", "/b"), false);
        let mut narrow = rule(1, "*", "*");
        narrow
            .attributes
            .insert("tier".to_owned(), "gold".to_owned());
        check(&narrow, &rule(2, "*", "*"), false);
    }
}
