//! From an account to files: the resolver the other way round.
//!
//! What is written reads as what was found, or it is named: each piece is tried in the
//! project's own reader and compared with the account before it is written
//! (`piece`). Files of people are added to, never rewritten (`insert`).

mod escape;
mod routes;
mod alarms;
mod project;
mod piece;
mod insert;
mod files;

use std::collections::{BTreeMap, BTreeSet};

use self::alarms::Writer;
use self::piece::{Piece, Place, Tried, tried};
use self::routes::Routes;
use crate::holdings::Holdings;
pub use crate::holdings::Unsaid;
use crate::model::{Alarm, Desired};
use crate::plan::step::Kind;
use crate::resolve::{Choice, Resolved};
use crate::source::Documents;

/// The project that is added to.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// Its files.
    pub documents: &'a Documents,
    /// What they say.
    pub resolved: &'a Resolved,
    /// For which environment.
    pub choice: &'a Choice,
}

/// What to do with files that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// They stay.
    #[default]
    Nothing,
    /// A dashboard's JSON is replaced by what the account holds.
    Bodies,
}

/// What is to be written, and what is to be said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulled {
    /// Path relative to the project's folder, and the whole text.
    pub files: Vec<(String, String)>,
    /// What has to be added to `obs.yaml` by hand, since it cannot be put in safely.
    pub by_hand: Option<String>,
    /// How many of each kind are written.
    pub counts: BTreeMap<&'static str, usize>,
    /// Names that an apply has to take over.
    pub adopt: Vec<String>,
    /// Addresses that are secrets, and how they may be shown.
    pub secrets: Vec<(String, String)>,
    /// How many are in the files already, and are the same.
    pub known: usize,
    /// What the files do not say, or say otherwise.
    pub unsaid: Vec<Unsaid>,
}

impl Pulled {
    /// A text as it may be shown: of an address that is a secret only the host.
    pub fn shown(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, shown) in &self.secrets {
            let written = crate::yaml::scalar(&escape::escaped(secret));
            text = text.replace(&written, &crate::yaml::scalar(shown));
        }
        text
    }
}

/// Writes what is held into files.
pub fn pull(project: Project<'_>, held: &Holdings, overwrite: Overwrite) -> Pulled {
    let mut draft = Draft {
        project,
        held,
        overwrite,
        pulled: Pulled {
            unsaid: held.unsaid.clone(),
            ..Pulled::default()
        },
        pieces: Vec::new(),
    };
    let routes = draft.topics();
    draft.alarms(routes);
    draft.rules();
    draft.dashboards();
    let Tried {
        pieces,
        resolved,
        refused,
    } = tried(
        project.documents,
        project.choice,
        std::mem::take(&mut draft.pieces),
    );
    draft.pulled.unsaid.extend(refused);
    if let Some(resolved) = resolved {
        draft.compare(&pieces, &resolved.desired);
    }
    draft.write(pieces);
    draft.pulled.unsaid.sort();
    draft.pulled.unsaid.dedup();
    draft.pulled
}

struct Draft<'a> {
    project: Project<'a>,
    held: &'a Holdings,
    overwrite: Overwrite,
    pulled: Pulled,
    pieces: Vec<Piece>,
}

fn what(kind: Kind, name: &str) -> String {
    format!("{} {name}", kind.word())
}

impl<'a> Draft<'a> {
    fn ours(&self) -> &'a Desired {
        &self.project.resolved.desired
    }

    fn leave(&mut self, kind: Kind, name: &str, why: impl Into<String>) {
        self.pulled.unsaid.push(Unsaid::new(what(kind, name), why));
    }

    /// True when the files have it already.
    fn is_known(&mut self, kind: Kind, name: &str, known: Option<Vec<String>>) -> bool {
        match known.as_deref() {
            None => return false,
            Some([]) => self.pulled.known += 1,
            Some(fields) => {
                let fields = fields.join(", ");
                let why =
                    format!("the files have it and say otherwise: {fields}; `obs drift` shows how");
                self.leave(kind, name, why);
            }
        }
        true
    }

    fn add(&mut self, kind: Kind, name: &str, place: Place) {
        self.pieces.push(Piece {
            what: what(kind, name),
            name: name.to_owned(),
            place,
        });
    }

    fn keys(&self, section: &str) -> BTreeSet<String> {
        let node = self.project.documents.project.get(section);
        match node.map(|node| &node.kind) {
            Some(crate::source::node::Kind::Map(entries)) => {
                entries.iter().map(|entry| entry.key.clone()).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    fn topics(&mut self) -> Routes {
        let target = &self.ours().target;
        let known = self.project.resolved.topics.iter();
        let mut keys: BTreeMap<String, String> = known
            .map(|(key, name)| (name.clone(), key.clone()))
            .collect();
        let mut taken = self.keys("topics");
        for topic in &self.held.desired.topics {
            let ours = self
                .ours()
                .topics
                .iter()
                .find(|ours| ours.name == topic.name);
            let differs = ours.map(|ours| {
                let same = [
                    ("display name", ours.display_name == topic.display_name),
                    ("subscriptions", ours.subscriptions == topic.subscriptions),
                    ("key", ours.kms_key == topic.kms_key),
                ];
                let differs = same.into_iter().filter(|(_, same)| !same);
                differs.map(|(field, _)| field.to_owned()).collect()
            });
            if self.is_known(Kind::Topic, &topic.name, differs) {
                continue;
            }
            let made = project::topic(topic, target, |key| taken.contains(key));
            taken.insert(made.key.clone());
            keys.insert(topic.name.clone(), made.key.clone());
            for one in &topic.subscriptions {
                let shown = one.to_string();
                let shown = shown
                    .strip_prefix(&one.protocol)
                    .map(str::trim)
                    .unwrap_or_default();
                if shown != one.endpoint {
                    self.pulled
                        .secrets
                        .push((one.endpoint.clone(), shown.to_owned()));
                }
            }
            self.add(Kind::Topic, &topic.name, Place::Section("topics", made));
        }
        Routes::new(&self.project.resolved.severities, keys)
    }

    fn alarms(&mut self, mut routes: Routes) {
        let defaults = self.project.documents.project.get("defaults");
        let has = |key| defaults.is_some_and(|defaults| defaults.get(key).is_some());
        let held = self.held;
        let mut writer = Writer {
            target: &held.desired.target,
            routes: &mut routes,
            filters: &held.desired.metric_filters,
            defaults: (has("runbook"), has("owner")),
        };
        let ours = self.ours().all_alarms();
        for alarm in held.desired.all_alarms() {
            let (kind, list) = match &alarm {
                Alarm::Metric(_) => (Kind::Alarm, "alarms"),
                Alarm::Composite(_) => (Kind::Composite, "composites"),
            };
            let known = ours.iter().find(|ours| ours.name() == alarm.name());
            let differs = known.map(|ours| differences(ours, &alarm));
            if self.is_known(kind, alarm.name(), differs) {
                continue;
            }
            match writer.alarm(&alarm) {
                Ok(made) => self.add(kind, alarm.name(), Place::List(list, made)),
                Err(why) => self.leave(kind, alarm.name(), why),
            }
        }
        for rule in &held.desired.event_rules {
            let known = self
                .ours()
                .event_rules
                .iter()
                .find(|ours| ours.name == rule.name);
            let differs = known.map(|ours| fields_differ(&ours.fields(), &rule.fields()));
            if self.is_known(Kind::EventRule, &rule.name, differs) {
                continue;
            }
            match writer.event(rule) {
                Ok(made) => self.add(Kind::EventRule, &rule.name, Place::List("events", made)),
                Err(why) => self.leave(Kind::EventRule, &rule.name, why),
            }
        }
        for severity in routes.added {
            let name = severity.key.clone();
            let place = Place::Section("severities", severity);
            self.pieces.push(Piece {
                what: format!("severity {name}"),
                name,
                place,
            });
        }
    }

    fn rules(&mut self) {
        let held = self.held;
        let target = &held.desired.target;
        let mut taken = self.keys("sampling");
        for rule in &held.desired.sampling_rules {
            let known = self
                .ours()
                .sampling_rules
                .iter()
                .find(|ours| ours.name == rule.name);
            let differs = known.map(|ours| fields_differ(&ours.fields(), &rule.fields()));
            if !self.is_known(Kind::SamplingRule, &rule.name, differs) {
                let made = project::sampling(rule, target, |key| taken.contains(key));
                taken.insert(made.key.clone());
                self.add(
                    Kind::SamplingRule,
                    &rule.name,
                    Place::Section("sampling", made),
                );
            }
        }
        let mut taken = self.keys("mutes");
        for rule in &held.desired.mute_rules {
            let known = self
                .ours()
                .mute_rules
                .iter()
                .find(|ours| ours.name == rule.name);
            let differs = known.map(|ours| fields_differ(&ours.fields(), &rule.fields()));
            if self.is_known(Kind::MuteRule, &rule.name, differs) {
                continue;
            }
            match project::mute(rule, target, |key| taken.contains(key)) {
                Ok(made) => {
                    taken.insert(made.key.clone());
                    self.add(Kind::MuteRule, &rule.name, Place::Section("mutes", made));
                }
                Err(why) => self.leave(Kind::MuteRule, &rule.name, why),
            }
        }
    }

    fn dashboards(&mut self) {
        let known = self.project.documents.dashboards.iter();
        let bodies: BTreeSet<&str> = known
            .filter(|file| matches!(file.form, crate::source::DashboardForm::Body(..)))
            .map(|file| file.stem.as_str())
            .collect();
        for dashboard in &self.held.desired.dashboards {
            let name = &dashboard.name;
            let ours = self
                .ours()
                .dashboards
                .iter()
                .find(|ours| ours.name == *name);
            let differs = ours.map(|ours| match ours.value() == dashboard.value() {
                true => Vec::new(),
                false => vec!["body".to_owned()],
            });
            let replaced = self.overwrite == Overwrite::Bodies
                && bodies.contains(name.as_str())
                && differs.as_ref().is_some_and(|differs| !differs.is_empty());
            if !replaced && self.is_known(Kind::Dashboard, name, differs) {
                continue;
            }
            if dashboard.value().is_none() {
                self.leave(Kind::Dashboard, name, "its body is no JSON");
                continue;
            }
            let body = escape::escaped_json(&dashboard.body, |name| self.is_variable(name));
            self.add(Kind::Dashboard, name, Place::Dashboard(body));
        }
    }

    /// Whether `${name}` in a dashboard's body would be replaced.
    fn is_variable(&self, name: &str) -> bool {
        let environment = &self.ours().target.environment;
        let documents = &self.project.documents.project;
        let own = documents
            .get("environments")
            .and_then(|all| all.get(environment)?.get("variables")?.get(name));
        matches!(name, "project" | "environment" | "region" | "account")
            || own.is_some()
            || self.project.choice.variables.contains_key(name)
    }
}

/// The fields in which an alarm of the files differs from one that was found. One that
/// is nobody's yet lacks the mark.
fn differences(read: &Alarm, found: &Alarm) -> Vec<String> {
    let (read, mut found) = (read.fields(), found.fields());
    let description = found.entry("description".to_owned()).or_default();
    if let Some(marked) = read.get("description")
        && let Some((bare, _)) = marked.rsplit_once('\n').or(Some(("", marked)))
        && bare == description
    {
        description.clone_from(marked);
    }
    fields_differ(&read, &found)
}

fn fields_differ(read: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = read.keys().chain(found.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|name| read.get(*name) != found.get(*name));
    differ.cloned().collect()
}
