//! A topic's access policy, as far as it decides who may publish: a topic whose
//! policy forgot CloudWatch is silent on the night it matters, so it is silent
//! here.

use serde_json::Value;

use crate::store::TopicRow;

/// Who wants to publish.
pub(super) struct Caller<'a> {
    /// The service, such as `cloudwatch.amazonaws.com`.
    pub(super) service: &'a str,
    /// The account it does so for.
    pub(super) account: &'a str,
    /// The resource it does so for.
    pub(super) arn: &'a str,
}

/// Whether the caller may publish to the topic. Without a policy of its own a
/// topic takes what comes from its account.
pub(super) fn may_publish(topic: &TopicRow, caller: &Caller<'_>) -> bool {
    let Some(policy) = topic.attributes.get("Policy") else {
        return true;
    };
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return true;
    };
    let fits = |effect: &str| {
        let statements = one_or_many(policy.get("Statement"));
        statements
            .into_iter()
            .any(|s| s.get("Effect").and_then(Value::as_str) == Some(effect) && applies(s, caller))
    };
    fits("Allow") && !fits("Deny")
}

fn applies(statement: &Value, caller: &Caller<'_>) -> bool {
    let action = |wanted: &Value| {
        let wanted = wanted.as_str().unwrap_or_default().to_ascii_lowercase();
        matches(&wanted, "sns:publish")
    };
    one_or_many(statement.get("Action")).into_iter().any(action)
        && is_principal(statement.get("Principal"), caller)
        && conditions_hold(statement.get("Condition"), caller)
}

fn is_principal(principal: Option<&Value>, caller: &Caller<'_>) -> bool {
    let Some(principal) = principal else {
        return false;
    };
    let is = |list: Option<&Value>, wanted: &str| {
        one_or_many(list)
            .into_iter()
            .any(|p| matches!(p.as_str(), Some(p) if p == "*" || p == wanted))
    };
    is(Some(principal), "*")
        || is(principal.get("Service"), caller.service)
        || is(principal.get("AWS"), "*")
}

/// Every condition has to hold. One that is not understood does not.
fn conditions_hold(conditions: Option<&Value>, caller: &Caller<'_>) -> bool {
    let Some(conditions) = conditions.and_then(Value::as_object) else {
        return true;
    };
    conditions.iter().all(|(operator, keys)| {
        let Some(keys) = keys.as_object() else {
            return false;
        };
        keys.iter().all(|(key, wanted)| {
            let found = match key.to_ascii_lowercase().as_str() {
                "aws:sourceaccount" | "aws:sourceowner" => caller.account,
                "aws:sourcearn" => caller.arn,
                _ => return false,
            };
            one_or_many(Some(wanted)).into_iter().any(|wanted| {
                let wanted = wanted.as_str().unwrap_or_default();
                match operator.as_str() {
                    "StringEquals" => wanted == found,
                    "StringLike" | "ArnLike" | "ArnEquals" => matches(wanted, found),
                    _ => false,
                }
            })
        })
    })
}

fn one_or_many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
    }
}

/// `*` is any text, `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when a later part does not fit: the last star, and how much
    // of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(c), _) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            (_, Some((at, taken))) => {
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
            _ => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors";

    fn check(policy: Option<&str>, expect: bool) {
        let attributes = policy.map(|policy| ("Policy".to_owned(), policy.to_owned()));
        let topic = TopicRow {
            arn: String::new(),
            name: String::new(),
            attributes: attributes.into_iter().collect(),
        };
        let caller = Caller {
            service: "cloudwatch.amazonaws.com",
            account: "000000000000",
            arn: ARN,
        };
        assert_eq!(may_publish(&topic, &caller), expect, "{policy:?}");
    }

    #[test]
    fn a_topic_takes_alarms_only_when_its_policy_lets_cloudwatch_in() {
        check(None, true);
        check(Some(r#"{"Statement":[]}"#), false);
        let allow = r#"{"Statement":{"Effect":"Allow","Action":"sns:Publish","Principal":{"Service":"cloudwatch.amazonaws.com"}}}"#;
        check(Some(allow), true);
        check(Some(&allow.replace("cloudwatch", "events")), false);
        check(Some(&allow.replace("sns:Publish", "SNS:*")), true);
        check(Some(&allow.replace("sns:Publish", "sns:Subscribe")), false);
        let bound = |account: &str, arn: &str| {
            let condition = format!(
                r#""Condition":{{"StringEquals":{{"aws:SourceAccount":"{account}"}},"ArnLike":{{"aws:SourceArn":"{arn}"}}}},"Effect""#
            );
            allow.replace(r#""Effect""#, &condition)
        };
        check(
            Some(&bound(
                "000000000000",
                "arn:aws:cloudwatch:us-east-1:000000000000:alarm:*",
            )),
            true,
        );
        check(
            Some(&bound(
                "111111111111",
                "arn:aws:cloudwatch:us-east-1:000000000000:alarm:*",
            )),
            false,
        );
        check(
            Some(&bound("000000000000", "arn:aws:cloudwatch:*:alarm:other")),
            false,
        );
    }
}
