//! Topics with their subscriptions, and the severities that route to them.

use std::collections::BTreeMap;

use super::entries;
use super::project::Sections;
use crate::model;
use crate::model::{Actions, Target};
use crate::shape::project::{Severity, Subscription, Topic};
use crate::source::decode::decode;
use crate::source::node::Entry;
use crate::source::problem::{Problem, Problems};
use crate::source::{At, near};

/// At most so many actions a state.
const MAX_ACTIONS: usize = 5;

/// Key in `topics:` to name in SNS.
pub(super) type Names = BTreeMap<String, String>;

pub(super) fn read(
    sections: &Sections,
    target: &Target,
    problems: &mut Problems,
) -> (Vec<model::Topic>, Names) {
    let mut topics = Vec::new();
    let mut names = Names::new();
    let Some(node) = &sections.topics else {
        return (topics, names);
    };
    for entry in entries(node, "topics", problems) {
        let name = format!("{}{}", target.topic_prefix(), entry.key);
        names.insert(entry.key.clone(), name);
        let Some(shape) = decode::<Topic>(&entry.value, problems) else {
            continue;
        };
        let topic = topic(entry, shape, target, problems);
        if let Some(other) = names
            .iter()
            .find(|(key, name)| **key != entry.key && **name == topic.name)
        {
            problems.add(Problem::at(
                entry.key_span,
                format!(
                    "topics `{}` and `{}` have the same name",
                    other.0, entry.key
                ),
            ));
        }
        names.insert(entry.key.clone(), topic.name.clone());
        topics.push(topic);
    }
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    (topics, names)
}

fn topic(entry: &Entry, shape: Topic, target: &Target, problems: &mut Problems) -> model::Topic {
    let (name, place) = match shape.name {
        Some(name) => (name.value, name.span),
        None => (
            format!("{}{}", target.topic_prefix(), entry.key),
            entry.key_span,
        ),
    };
    let fits = (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !fits {
        problems.add(
            Problem::at(place, format!("`{name}` cannot be a topic's name"))
                .label("letters, digits, `-` and `_`, at most 256"),
        );
    }
    let mut subscriptions: Vec<model::Subscription> = shape
        .subscriptions
        .iter()
        .filter_map(|subscription| subscribe(subscription, problems))
        .collect();
    subscriptions.sort();
    subscriptions.dedup();
    if subscriptions.len() > model::Topic::MAX_SUBSCRIPTIONS {
        problems.add(Problem::at(
            entry.key_span,
            format!(
                "topic `{}` has more than {} subscriptions",
                entry.key,
                model::Topic::MAX_SUBSCRIPTIONS
            ),
        ));
    }
    model::Topic {
        name,
        display_name: shape.display_name.unwrap_or_default(),
        subscriptions,
    }
}

fn subscribe(
    subscription: &At<Subscription>,
    problems: &mut Problems,
) -> Option<model::Subscription> {
    let shape = &subscription.value;
    let set: Vec<(&str, &At<String>, &str)> = [
        ("http", &shape.http, "http://"),
        ("https", &shape.https, "https://"),
        ("email", &shape.email, ""),
        ("sqs", &shape.sqs, "arn:"),
    ]
    .into_iter()
    .filter_map(|(protocol, endpoint, begins)| Some((protocol, endpoint.as_ref()?, begins)))
    .collect();
    let (protocol, endpoint, begins) = match set[..] {
        // All values are unset variables: nobody to tell here.
        [] => return None,
        [one] => one,
        _ => {
            problems.add(
                Problem::at(subscription.span, "a subscription has one protocol")
                    .help("write one item for each"),
            );
            return None;
        }
    };
    let good = endpoint.value.starts_with(begins)
        && endpoint.value.len() > begins.len()
        && (protocol != "email" || endpoint.value.contains('@'));
    if !good {
        let expected = match protocol {
            "email" => "expected an address such as `oncall@example.com`".to_owned(),
            "sqs" => "expected a queue's ARN, `arn:aws:sqs:...`".to_owned(),
            _ => format!("expected a URL that begins with `{begins}`"),
        };
        problems.add(
            Problem::at(
                endpoint.span,
                format!("`{}` cannot be told by {protocol}", endpoint.value),
            )
            .label(expected),
        );
        return None;
    }
    Some(model::Subscription {
        protocol: protocol.to_owned(),
        endpoint: endpoint.value.clone(),
    })
}

/// Name of a severity to the ARNs it tells.
pub(super) fn severities(
    sections: &Sections,
    target: &Target,
    names: &Names,
    problems: &mut Problems,
) -> BTreeMap<String, Actions> {
    let mut severities = BTreeMap::new();
    let Some(node) = &sections.severities else {
        return severities;
    };
    for entry in entries(node, "severities", problems) {
        let Some(severity) = decode::<Severity>(&entry.value, problems) else {
            severities.insert(entry.key.clone(), Actions::default());
            continue;
        };
        let mut arns = |topics: &[At<String>]| -> Vec<String> {
            if topics.len() > MAX_ACTIONS {
                problems.add(Problem::at(
                    entry.key_span,
                    format!("severity `{}` names more than five topics", entry.key),
                ));
            }
            topics
                .iter()
                .filter_map(|topic| match names.get(&topic.value) {
                    Some(name) => Some(target.topic_arn(name)),
                    None => {
                        problems.add(unknown_topic(topic, names));
                        None
                    }
                })
                .collect()
        };
        let alarm = arns(&severity.topics);
        let ok = severity
            .ok
            .as_ref()
            .map_or_else(|| alarm.clone(), |ok| arns(ok));
        let actions = Actions {
            insufficient_data: arns(&severity.insufficient_data),
            alarm,
            ok,
        };
        severities.insert(entry.key.clone(), actions);
    }
    severities
}

fn unknown_topic(topic: &At<String>, names: &Names) -> Problem {
    Problem::at(topic.span, format!("unknown topic `{}`", topic.value))
        .label("not under `topics:` in obs.yaml")
        .help(near::suggestion(
            &topic.value,
            names.keys().map(String::as_str),
        ))
}
