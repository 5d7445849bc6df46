//! `mutes:`: windows in which alarms tell nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::alarms::Read;
use super::{Context, cron, entries};
use crate::model::MuteRule;
use crate::shape::sampling::Mute;
use crate::source::At;
use crate::source::decode::decode;
use crate::source::merge::matches;
use crate::source::near;
use crate::source::node::{Entry, Node};
use crate::source::problem::{Problem, Problems};

/// Longest description of a mute rule.
const MAX_DESCRIPTION: usize = 1024;

/// Reads the section; the alarms are known.
pub(super) fn read(
    context: &Context<'_>,
    node: Option<&Node>,
    alarms: &Read,
    problems: &mut Problems,
) -> Vec<MuteRule> {
    let mut rules: Vec<MuteRule> = Vec::new();
    for entry in node.map_or(&[][..], |node| entries(node, "mutes", problems)) {
        let Some(shape) = decode::<Mute>(&entry.value, problems) else {
            continue;
        };
        let mut reader = Reader {
            context,
            entry,
            alarms,
            problems,
        };
        let rule = reader.rule(&shape);
        if rules.iter().any(|other| other.name == rule.name) {
            problems.add(Problem::at(
                entry.key_span,
                format!("two mute rules are named `{}`", rule.name),
            ));
        }
        rules.push(rule);
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    rules
}

struct Reader<'a> {
    context: &'a Context<'a>,
    entry: &'a Entry,
    alarms: &'a Read,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn rule(&mut self, shape: &Mute) -> MuteRule {
        let prefix = self.context.target.topic_prefix();
        MuteRule {
            name: match &shape.name {
                Some(name) => name.value.clone(),
                None => format!("{prefix}{}", self.entry.key),
            },
            description: self.description(shape),
            alarms: self.muted(shape),
            expression: self.schedule(&shape.schedule),
            minutes: self.minutes(shape),
            timezone: self.timezone(shape.timezone.as_ref()),
            foreign: BTreeMap::new(),
        }
    }

    fn description(&mut self, shape: &Mute) -> String {
        let text = shape.description.as_deref().unwrap_or_default().trim();
        let most = MAX_DESCRIPTION.saturating_sub(self.context.target.mark_length());
        if text.chars().count() > most {
            self.problems.add(
                Problem::at(
                    self.entry.key_span,
                    "the mute rule's description is too long",
                )
                .help(format!(
                    "it has {most} characters: the mark of ownership takes the rest"
                )),
            );
        }
        text.to_owned()
    }

    fn muted(&mut self, shape: &Mute) -> Vec<String> {
        let names = &self.alarms.names;
        let mut muted: BTreeSet<&String> = BTreeSet::new();
        for pattern in &shape.alarms {
            let found: Vec<&String> = names
                .taken
                .keys()
                .filter(|name| matches(&pattern.value, name))
                .collect();
            if found.is_empty() && !names.incomplete {
                let known = names.taken.keys().map(String::as_str);
                self.problems.add(
                    Problem::at(pattern.span, format!("unknown alarm `{}`", pattern.value))
                        .label("no alarm of this project")
                        .help(near::suggestion(&pattern.value, known)),
                );
            }
            muted.extend(found);
        }
        for severity in &shape.severities {
            if !self.context.severities.contains_key(&severity.value) {
                let known = self.context.severities.keys().map(String::as_str);
                self.problems.add(
                    Problem::at(
                        severity.span,
                        format!("unknown severity `{}`", severity.value),
                    )
                    .label("not under `severities:` in obs.yaml")
                    .help(near::suggestion(&severity.value, known)),
                );
            }
            let of =
                self.alarms.about.iter().filter(|(_, about)| {
                    about.severity.as_deref() == Some(severity.value.as_str())
                });
            muted.extend(of.map(|(name, _)| name));
        }
        let said = !shape.alarms.is_empty() || !shape.severities.is_empty();
        let problem = match muted.len() {
            0 if !said => "it is not told which alarms are muted",
            0 if !names.incomplete => "no alarm is muted by this",
            more if more > MuteRule::MAX_ALARMS => "a mute rule mutes at most 100 alarms",
            _ => return muted.into_iter().cloned().collect(),
        };
        self.problems.add(
            Problem::at(self.entry.key_span, problem)
                .help("name them under `alarms:` (`*` stands for any text) or `severities:`"),
        );
        Vec::new()
    }

    /// `cron(...)` of five fields, or `at(...)` of a minute.
    fn schedule(&mut self, schedule: &At<String>) -> String {
        let text = schedule.value.trim();
        let inner = |word: &str| {
            text.strip_prefix(word)
                .and_then(|rest| rest.strip_prefix('('))
                .and_then(|rest| rest.strip_suffix(')'))
        };
        let good = match (inner("cron"), inner("at")) {
            (Some(fields), _) => cron::fits(fields),
            (_, Some(time)) => {
                let minute = obs_cloudwatch::time::parse_iso(&format!("{time}:00Z"));
                time.len() == "2026-12-24T18:00".len() && minute.is_some()
            }
            _ => false,
        };
        if !good {
            self.problems.add(
                Problem::at(
                    schedule.span,
                    format!("`{text}` is not a schedule of a mute rule"),
                )
                .label("expected `cron(0 2 * * *)` (five fields) or `at(2026-12-24T18:00)`"),
            );
        }
        text.to_owned()
    }

    fn minutes(&mut self, shape: &Mute) -> u32 {
        let duration = &shape.duration;
        let seconds = duration.value.seconds().unwrap_or(0);
        if !(60..=1_296_000).contains(&seconds) || !seconds.is_multiple_of(60) {
            self.problems.add(
                Problem::at(
                    duration.span,
                    format!("`{}` cannot be a window's length", duration.value),
                )
                .label("expected whole minutes from 1m to 15d"),
            );
        }
        seconds / 60
    }

    fn timezone(&mut self, timezone: Option<&At<String>>) -> String {
        let Some(timezone) = timezone else {
            return "UTC".to_owned();
        };
        let text = &timezone.value;
        let zones = jiff::tz::db();
        if zones.get(text).is_err() {
            let known: Vec<String> = zones.available().map(|name| name.to_string()).collect();
            let near = near::nearest(text, known.iter().map(String::as_str));
            let problem = Problem::at(timezone.span, format!("`{text}` is not a time zone"))
                .label("expected `UTC` or one such as `Europe/Berlin`");
            self.problems.add(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
        text.clone()
    }
}
