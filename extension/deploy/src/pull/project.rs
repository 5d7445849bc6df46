//! Topics, sampling rules and mute rules as `obs.yaml` says them.

use super::alarms::said;
use super::routes::unique;
use crate::model::{MuteRule, SamplingRule, Target, Topic};
use crate::value::Duration;
use crate::yaml::{Entry, Yaml, entry};

/// The key of something named `name`, and its `name:` where the key does not say it.
fn key(name: &str, target: &Target, taken: impl Fn(&str) -> bool) -> (String, Option<Entry>) {
    let own = name
        .strip_prefix(&target.topic_prefix())
        .filter(|own| !own.is_empty());
    match own {
        Some(own) if !taken(own) => (own.to_owned(), None),
        _ => (unique(name, taken), Some(entry("name", said(name)))),
    }
}

/// A topic under its key.
pub(super) fn topic(topic: &Topic, target: &Target, taken: impl Fn(&str) -> bool) -> Entry {
    let (key, name) = key(&topic.name, target, taken);
    let mut settings: Vec<Entry> = name.into_iter().collect();
    if !topic.display_name.is_empty() {
        settings.push(entry("display_name", said(&topic.display_name)));
    }
    settings.extend(
        topic
            .kms_key
            .as_ref()
            .map(|key| entry("kms_key", said(key))),
    );
    if !topic.subscriptions.is_empty() {
        let all = topic.subscriptions.iter();
        let all = all.map(|one| Yaml::map([(one.protocol.clone(), said(&one.endpoint))]));
        settings.push(entry("subscriptions", Yaml::List(all.collect())));
    }
    entry(key, Yaml::Map(settings))
}

/// A sampling rule under its key.
pub(super) fn sampling(
    rule: &SamplingRule,
    target: &Target,
    taken: impl Fn(&str) -> bool,
) -> Entry {
    let (key, name) = key(&rule.name, target, taken);
    let mut settings: Vec<Entry> = name.into_iter().collect();
    settings.push(entry("priority", Yaml::Plain(rule.priority.to_string())));
    // Shares are read to eleven digits.
    let percent = (rule.rate * 1e11).round() / 1e9;
    settings.push(entry("rate", Yaml::Plain(format!("{percent}%"))));
    if rule.reservoir != 1 {
        settings.push(entry("reservoir", Yaml::Plain(rule.reservoir.to_string())));
    }
    for (key, value) in [
        ("service", &rule.service),
        ("service_type", &rule.service_type),
        ("host", &rule.host),
        ("method", &rule.method),
        ("path", &rule.path),
        ("resource_arn", &rule.resource_arn),
    ] {
        if value != "*" {
            settings.push(entry(key, said(value)));
        }
    }
    if !rule.attributes.is_empty() {
        let all = rule
            .attributes
            .iter()
            .map(|(name, value)| (name.clone(), said(value)));
        settings.push(entry("attributes", Yaml::map(all)));
    }
    entry(key, Yaml::Map(settings))
}

/// A mute rule under its key; the reason where the files have no words for it.
pub(super) fn mute(
    rule: &MuteRule,
    target: &Target,
    taken: impl Fn(&str) -> bool,
) -> Result<Entry, String> {
    if let Some(setting) = rule.foreign.keys().next() {
        return Err(format!(
            "the files have no word for its setting `{setting}`"
        ));
    }
    let (key, name) = key(&rule.name, target, taken);
    let mut settings: Vec<Entry> = name.into_iter().collect();
    if !rule.description.is_empty() {
        settings.push(entry("description", said(&rule.description)));
    }
    settings.push(entry("schedule", said(&rule.expression)));
    let duration = Duration::from_seconds(rule.minutes * 60);
    settings.push(entry("duration", Yaml::Plain(duration.to_string())));
    if rule.timezone != "UTC" {
        settings.push(entry("timezone", said(&rule.timezone)));
    }
    let alarms = rule.alarms.iter().map(|name| said(name)).collect();
    settings.push(entry("alarms", Yaml::List(alarms)));
    Ok(entry(key, Yaml::Map(settings)))
}
