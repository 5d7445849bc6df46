//! Topics with their subscriptions, and the severities that route to them.

use std::collections::BTreeMap;

use super::alarms::NONE;
use super::entries;
use super::project::Sections;
use super::resources::{Resource, Resources};
use crate::model;
use crate::model::{Actions, Target};
use crate::shape::project::{Requirement, Severity, Subscription, Topic};
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
    resources: &Resources,
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
        let topic = Reader {
            target,
            resources,
            problems,
        }
        .topic(entry, shape);
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

/// Characters of a topic's display name.
const MAX_DISPLAY_NAME: usize = 100;

/// Reads one topic.
struct Reader<'a> {
    target: &'a Target,
    resources: &'a Resources,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn topic(&mut self, entry: &Entry, shape: Topic) -> model::Topic {
        let (name, place) = match shape.name {
            Some(name) => (name.value, name.span),
            None => (
                format!("{}{}", self.target.topic_prefix(), entry.key),
                entry.key_span,
            ),
        };
        let fits = (1..=256).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !fits {
            self.problems.add(
                Problem::at(place, format!("`{name}` cannot be a topic's name"))
                    .label("letters, digits, `-` and `_`, at most 256"),
            );
        }
        let mut subscriptions = Vec::new();
        let mut chats = Vec::new();
        for subscription in &shape.subscriptions {
            match self.subscribe(subscription) {
                Some(Told::Subscription(told)) => subscriptions.push(told),
                Some(Told::Chat(arn)) => chats.push(arn),
                None => {}
            }
        }
        subscriptions.sort();
        subscriptions.dedup();
        if subscriptions.len() > model::Topic::MAX_SUBSCRIPTIONS {
            self.problems.add(Problem::at(
                entry.key_span,
                format!(
                    "topic `{}` has more than {} subscriptions",
                    entry.key,
                    model::Topic::MAX_SUBSCRIPTIONS
                ),
            ));
        }
        let display_name = shape.display_name.unwrap_or_default();
        if display_name.chars().count() > MAX_DISPLAY_NAME {
            let message = format!("the display name of topic `{}` is too long", entry.key);
            let problem = Problem::at(entry.key_span, message);
            self.problems.add(problem.label("SNS takes 100 characters"));
        }
        model::Topic {
            name,
            display_name,
            subscriptions,
            rules: Vec::new(),
            kms_key: self.key(shape.kms_key),
            chats,
        }
    }

    /// AWS's own key grants CloudWatch nothing: notices would vanish.
    fn key(&mut self, key: Option<At<String>>) -> Option<String> {
        let key = key?;
        if key.value.ends_with("alias/aws/sns") {
            self.problems.add(
                Problem::at(key.span, "CloudWatch may not use AWS's own key of SNS").help(
                    "take a customer-managed key whose policy grants cloudwatch.amazonaws.com `kms:Decrypt` and `kms:GenerateDataKey*`",
                ),
            );
        }
        Some(key.value)
    }

    fn subscribe(&mut self, subscription: &At<Subscription>) -> Option<Told> {
        let shape = &subscription.value;
        let set: Vec<(&str, &At<String>)> = [
            ("http", &shape.http),
            ("https", &shape.https),
            ("email", &shape.email),
            ("sqs", &shape.sqs),
            ("lambda", &shape.lambda),
            ("chatbot", &shape.chatbot),
        ]
        .into_iter()
        .filter_map(|(protocol, endpoint)| Some((protocol, endpoint.as_ref()?)))
        .collect();
        let (protocol, endpoint) = match set[..] {
            // All values are unset variables: nobody to tell here.
            [] => return None,
            [one] => one,
            _ => {
                self.problems.add(
                    Problem::at(subscription.span, "a subscription has one protocol")
                        .help("write one item for each"),
                );
                return None;
            }
        };
        let text = endpoint.value.as_str();
        let good = match protocol {
            "email" => text.contains('@') && !text.contains(char::is_whitespace),
            "http" | "https" => text
                .strip_prefix(protocol)
                .and_then(|rest| rest.strip_prefix("://"))
                .is_some_and(|host| !host.is_empty()),
            "chatbot" => text.starts_with("arn:") && text.contains(":chatbot:"),
            _ if text.starts_with("arn:") => text.contains(&format!(":{protocol}:")),
            _ => return self.resource(protocol, endpoint),
        };
        if !good {
            self.problems.add(cannot_be_told(protocol, endpoint));
            return None;
        }
        Some(match protocol {
            "chatbot" => Told::Chat(endpoint.value.clone()),
            _ => Told::Subscription(model::Subscription {
                protocol: protocol.to_owned(),
                endpoint: endpoint.value.clone(),
            }),
        })
    }

    /// A queue or function of the project, by its name.
    fn resource(&mut self, protocol: &str, endpoint: &At<String>) -> Option<Told> {
        let (kind, arn) = match protocol {
            "sqs" => ("queues", self.target.queue_arn(&endpoint.value)),
            _ => ("functions", self.target.function_arn(&endpoint.value)),
        };
        let known = self.resources.all(kind);
        if !known.iter().any(|known| known.name == endpoint.value) {
            if !self.resources.incomplete() {
                let names = known.iter().map(|known| known.name.as_str());
                let near = near::nearest(&endpoint.value, names);
                let problem = cannot_be_told(protocol, endpoint);
                self.problems.add(match near {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem,
                });
            }
            return None;
        }
        Some(Told::Subscription(model::Subscription {
            protocol: protocol.to_owned(),
            endpoint: arn,
        }))
    }
}

/// One who is told.
enum Told {
    Subscription(model::Subscription),
    /// A chat configuration's ARN.
    Chat(String),
}

fn cannot_be_told(protocol: &str, endpoint: &At<String>) -> Problem {
    let expected = match protocol {
        "email" => "expected an address such as `oncall@example.com`".to_owned(),
        "sqs" => "expected a queue's ARN, `arn:aws:sqs:...`, or its name".to_owned(),
        "lambda" => "expected a function's ARN, `arn:aws:lambda:...`, or its name".to_owned(),
        "chatbot" => "expected a chat configuration's ARN, `arn:aws:chatbot::...`".to_owned(),
        _ => format!("expected a URL that begins with `{protocol}://`"),
    };
    Problem::at(
        endpoint.span,
        format!("`{}` cannot be told by {protocol}", endpoint.value),
    )
    .label(expected)
}

/// A severity, understood.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    /// ARNs by state.
    pub(crate) actions: Actions,
    /// Names of the topics that are told when an alarm goes off.
    pub(crate) topics: Vec<String>,
    /// What its alarms must have.
    pub(crate) require: Option<Vec<Requirement>>,
}

/// A topic as a resource: for its preset.
pub(super) fn resource(topic: &model::Topic) -> Resource {
    Resource {
        kind: "topics",
        name: topic.name.clone(),
        dimensions: BTreeMap::from([("TopicName".to_owned(), topic.name.clone())]),
        ..Resource::default()
    }
}

/// Name of a severity to the ARNs it tells.
pub(super) fn severities(
    sections: &Sections,
    target: &Target,
    names: &Names,
    problems: &mut Problems,
) -> BTreeMap<String, Route> {
    let mut severities = BTreeMap::new();
    let Some(node) = &sections.severities else {
        return severities;
    };
    for entry in entries(node, "severities", problems) {
        let Some(severity) = decode::<Severity>(&entry.value, problems) else {
            severities.insert(entry.key.clone(), Route::default());
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
        if entry.key == NONE {
            problems.add(
                Problem::at(
                    entry.key_span,
                    "`none` is the severity of what tells nobody",
                )
                .help("take another name"),
            );
        }
        let route = Route {
            actions,
            topics: severity
                .topics
                .iter()
                .filter_map(|topic| names.get(&topic.value).cloned())
                .collect(),
            require: severity.require,
        };
        severities.insert(entry.key.clone(), route);
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
