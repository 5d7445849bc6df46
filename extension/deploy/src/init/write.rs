//! The files of a new project: `obs.yaml` with the resources, a starter of alarms from
//! the presets, and a dashboard.

use super::found::Found;
use crate::source::preset;
use crate::yaml::{Entry, Yaml, entry};

/// Who and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-central-1`.
    pub region: String,
}

/// Kinds whose alarms look at what a trail writes, and are of no use without one.
const NEED_TRAIL: &[&str] = &["secrets"];

/// Kinds whose metrics need a setting that a resource may lack.
const NEED_SETTING: &[(&str, &str)] = &[("buckets", "filter")];

/// Path and text of each file.
pub fn files(head: &Head, found: &Found) -> Vec<(String, String)> {
    let mut files = vec![("obs.yaml".to_owned(), project(head, found))];
    let kinds = kinds(found);
    if kinds.is_empty() {
        return files;
    }
    let presets = kinds
        .iter()
        .map(|kind| preset("use", kind, found))
        .collect();
    let alarms = Yaml::Map(vec![entry("presets", Yaml::List(presets)).comment(
        "AWS's recommended alarms of each kind; `alarms:` beside `use:` changes one of them.",
    )]);
    files.push((format!("alarms/{}.yaml", head.project), alarms.document()));
    let rows = kinds.iter().map(|kind| preset("preset", kind, found));
    let dashboard = Yaml::map([("rows", Yaml::List(rows.collect()))]);
    files.push((
        format!("dashboards/{}.yaml", head.project),
        dashboard.document(),
    ));
    files
}

/// A preset, but for the resources it is not for.
fn preset(key: &str, kind: &str, found: &Found) -> Yaml {
    let mut entries = vec![entry(key, Yaml::text(kind))];
    let without: Vec<Yaml> = without(kind, found).map(Yaml::text).collect();
    if !without.is_empty() {
        entries.push(entry("except", Yaml::List(without)));
    }
    Yaml::Map(entries)
}

/// Resources of a kind that lack what its metrics need.
fn without<'a>(kind: &str, found: &'a Found) -> impl Iterator<Item = &'a str> {
    let needed = NEED_SETTING
        .iter()
        .find(|(one, _)| *one == kind)
        .map(|(_, key)| *key);
    let all = found.resources.get(kind).into_iter().flatten();
    all.filter(move |(_, one)| {
        needed.is_some_and(|needed| one.settings.iter().all(|setting| setting.key != needed))
    })
    .map(|(name, _)| name.as_str())
}

/// The kinds that have a preset and resources it is for.
fn kinds(found: &Found) -> Vec<&'static str> {
    preset::kinds()
        .filter(|kind| {
            let all = found.resources.get(kind).map_or(0, |all| all.len());
            all > without(kind, found).count()
        })
        .filter(|kind| !NEED_TRAIL.contains(kind) || found.resources.contains_key("trails"))
        .collect()
}

fn project(head: &Head, found: &Found) -> String {
    let mut environment = vec![
        entry("account", Yaml::Plain(format!("\"{}\"", head.account))),
        entry("region", Yaml::text(&head.region)),
    ];
    if !found.variables.is_empty() {
        let variables = found.variables.iter().map(|(name, meaning)| {
            entry(
                name,
                Yaml::text(format!("unresolved-{}", name.replace('_', "-"))),
            )
            .comment(meaning)
        });
        environment.push(entry("variables", Yaml::Map(variables.collect())));
    }
    let environments = Yaml::Map(vec![entry(&head.environment, Yaml::Map(environment))]);
    let mut sections: Vec<Entry> = vec![
        entry("project", Yaml::text(&head.project)),
        entry("default_environment", Yaml::text(&head.environment)),
        entry("environments", environments),
    ];
    if !found.is_empty() {
        let kinds = found.resources.iter().map(|(kind, all)| {
            let all = all.iter().map(|(name, resource)| Entry {
                comment: resource.comment.clone(),
                ..entry(name, Yaml::Map(resource.settings.clone()))
            });
            entry(*kind, Yaml::Map(all.collect()))
        });
        sections.push(entry("resources", Yaml::Map(kinds.collect())));
    }
    sections.extend(people(&head.project));
    let mut text = String::new();
    for (index, section) in sections.iter().enumerate() {
        if index > 1 {
            text.push('\n');
        }
        section.write(0, &mut text);
    }
    text
}

/// Who looks after it, who is told, and how bad what is.
fn people(project: &str) -> [Entry; 3] {
    let team = format!("{project} team");
    let one = |text: &str| Yaml::List(vec![Yaml::text(text)]);
    let shown = |name: &str| Yaml::map([("display_name", Yaml::text(name))]);
    let topics = Yaml::map([("oncall", shown(project)), ("team", shown(&team))]);
    let tells = |topic: &str| Yaml::map([("topics", one(topic)), ("require", one("owner"))]);
    let severities = Yaml::map([("page", tells("oncall")), ("notice", tells("team"))]);
    [
        entry("defaults", Yaml::map([("owner", Yaml::text(team))])).comment(
            "Who looks after it; and, when there is a place for it, `runbook: https://.../${alarm}`.",
        ),
        entry("topics", topics)
            .comment("Who is told: add `subscriptions: [{ email: NAME@EXAMPLE.COM }]`."),
        entry("severities", severities)
            .comment("What an alarm has to say: add `runbook` once there are some."),
    ]
}
