//! Metric filters: how a line of a log group becomes a datapoint.
//!
//! CloudWatch Logs gives a filter neither tags nor a description, so its name says
//! whose it is: in the account it begins with [`Target::filter_prefix`] and ends with a
//! hash of all the rest, by which a later plan sees what hands changed. Everywhere else
//! a filter has its bare name.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Seal, Target, content_hash};

/// Stands before the hash in the name of a filter in the account.
const SEAL: &str = " #";
/// Digits of the hash.
const HASH: usize = 12;

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

    /// What the hash in the name is taken of.
    pub fn content(&self) -> String {
        format!("{:?}", self.fields())
    }

    /// Who makes a log group that is not there, and what to do about it.
    pub fn remedy(log_group: &str) -> String {
        match log_group.strip_prefix("/aws/lambda/") {
            Some(function) => format!(
                "function {function} makes it when it first runs: deploy and invoke it, or create the log group"
            ),
            None => "what writes to it is not deployed yet (a trail names its log group): deploy that first, or create the log group".to_owned(),
        }
    }
}

impl Target {
    /// What the names of this project's filters begin with. `/` stands in no name of a
    /// project or an environment, so that `dev` never takes a filter of `dev-2` for
    /// its own.
    pub fn filter_prefix(&self) -> String {
        format!("{}/{}/", self.project, self.environment)
    }

    /// The filter as it is put.
    #[must_use]
    pub fn sealed_filter(&self, filter: &MetricFilter) -> MetricFilter {
        let hash = content_hash(&filter.content());
        MetricFilter {
            name: format!("{}{SEAL}{hash}", filter.name),
            ..filter.clone()
        }
    }

    /// A filter as found: with its bare name, and what the name says of the rest. A name
    /// that only begins as ours do is somebody else's.
    pub fn unsealed_filter(&self, found: &MetricFilter) -> (MetricFilter, Seal) {
        let parts = found.name.rsplit_once(SEAL);
        let ours = parts.filter(|(name, hash)| {
            let digits = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            name.starts_with(&self.filter_prefix()) && hash.len() == HASH && digits
        });
        let Some((name, hash)) = ours else {
            return (found.clone(), Seal::None);
        };
        let seal = match hash == content_hash(&found.content()) {
            true => Seal::Whole,
            false => Seal::Broken,
        };
        let bare = MetricFilter {
            name: name.to_owned(),
            ..found.clone()
        };
        (bare, seal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(environment: &str) -> Target {
        Target {
            project: "shop".to_owned(),
            environment: environment.to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            role: None,
        }
    }

    fn filter(name: &str) -> MetricFilter {
        MetricFilter {
            log_group: "/shop/trail".to_owned(),
            name: name.to_owned(),
            pattern: "{ $.eventName = ConsoleLogin }".to_owned(),
            metric_namespace: "Shop/Trail".to_owned(),
            metric_name: "SignIns".to_owned(),
            value: "1".to_owned(),
            default_value: Some(0.0),
            foreign: BTreeMap::new(),
        }
    }

    #[test]
    fn a_name_tells_whose_a_filter_is_and_whether_hands_touched_it() {
        let dev = target("dev");
        let bare = filter("shop/dev/sign-ins");
        let sealed = dev.sealed_filter(&bare);
        assert_eq!(dev.unsealed_filter(&sealed), (bare, Seal::Whole));
        let mut touched = sealed.clone();
        touched.pattern.push(' ');
        assert_eq!(dev.unsealed_filter(&touched).1, Seal::Broken);
        assert_eq!(target("dev-2").unsealed_filter(&sealed).1, Seal::None);
    }

    #[test]
    fn a_name_without_our_hash_is_somebody_elses() {
        let dev = target("dev");
        for name in [
            "sign-ins",
            "shop/dev/sign-ins",
            "shop/dev/sign-ins #1",
            "shop/dev/sign-ins #0123456789ag",
            "shop/dev-2/sign-ins #0123456789ab",
        ] {
            let found = filter(name);
            assert_eq!(dev.unsealed_filter(&found), (found, Seal::None), "{name}");
        }
    }
}
