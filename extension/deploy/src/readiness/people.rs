//! What is asked of people rather than of resources: that alarms say what to do, that
//! somebody hears them, that something is promised, and that the alarms are tested.

use std::collections::BTreeMap;

use super::facts::Known;
use super::files::{NOBODY_LOOKED, Project, declared, unknown};
use super::{Outcome, Remedy, Rule};
use crate::resolve::{Resolved, Resource};

impl Project<'_> {
    /// By what the alarms are about: a runbook under `defaults:` mends many at once.
    pub(super) fn runbooks(&mut self) {
        let resolved = self.resolved;
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut kinds: BTreeMap<String, &str> = BTreeMap::new();
        for resource in declared(resolved) {
            let path = resource.path();
            let alarms: Vec<&str> = self.watch.alarms(&path).collect();
            // Nobody is told of a detector by an alarm.
            if resource.kind != "detectors" {
                kinds.insert(path.clone(), resource.kind);
                groups.insert(path, alarms);
            }
        }
        for slo in &resolved.slos {
            let alarms = slo.alarms.iter().map(String::as_str).collect();
            groups.insert(format!("slos/{}", slo.name), alarms);
        }
        for name in own(resolved) {
            groups
                .entry(format!("alarms/{name}"))
                .or_default()
                .push(name);
        }
        if groups.is_empty() {
            groups.insert("project".to_owned(), Vec::new());
        }
        for (subject, alarms) in groups {
            let kind = kinds.get(&subject).copied();
            let outcome = self.told_what_to_do(&alarms, kind);
            self.put(Rule::Runbooks, subject, outcome);
        }
    }

    /// The alarms about one subject; `kind` is that of a resource.
    fn told_what_to_do(&self, alarms: &[&str], kind: Option<&str>) -> Outcome {
        let runbook = Remedy::project("defaults.runbook", "https://RUNBOOKS/${alarm}");
        if alarms.is_empty() {
            return Outcome::Missing {
                what: "there is no alarm that could name a runbook".to_owned(),
                // A runbook of no alarm helps nobody.
                remedy: kind.map_or(runbook, Remedy::preset),
            };
        }
        for (key, remedy) in [
            ("runbook", runbook),
            ("owner", Remedy::project("defaults.owner", "TEAM")),
        ] {
            let mut lacking = alarms.iter().filter(|name| self.lacks(name, key));
            if let Some(first) = lacking.next() {
                let more = match lacking.count() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                return Outcome::Missing {
                    what: format!("{first}{more}: no {key}"),
                    remedy,
                };
            }
        }
        Outcome::Met
    }

    /// Whether whoever is told by an alarm finds no runbook, or no owner.
    fn lacks(&self, name: &str, key: &str) -> bool {
        self.resolved.about.get(name).is_some_and(|about| {
            let said = match key {
                "runbook" => &about.runbook,
                _ => &about.owner,
            };
            about.severity.is_some() && said.is_none()
        })
    }

    pub(super) fn topics(&mut self) {
        let resolved = self.resolved;
        let topics = &resolved.desired.topics;
        if topics.is_empty() {
            self.expect(Rule::Hearing, "project", false, || {
                (
                    "there is no topic: whatever happens, nobody hears of it".to_owned(),
                    Remedy::project("topics.oncall.subscriptions", "[{ email: ADDRESS }]"),
                )
            });
        }
        for topic in topics {
            let key = resolved
                .topics
                .iter()
                .find(|(_, name)| **name == topic.name);
            let key = key.map_or(topic.name.as_str(), |(key, _)| key.as_str());
            let path = format!("topics/{key}");
            let heard = !topic.subscriptions.is_empty() || !topic.chats.is_empty();
            self.expect(Rule::Hearing, &path, heard, || {
                (
                    "nobody is subscribed to it".to_owned(),
                    Remedy::project(
                        format!("topics.{key}.subscriptions"),
                        "[{ email: ADDRESS }]",
                    ),
                )
            });
            if !topic.subscriptions.iter().any(|it| it.needs_confirmation()) {
                continue;
            }
            let outcome = match self.facts.map(|facts| facts.unconfirmed.get(&topic.name)) {
                None => Outcome::Unknown(NOBODY_LOOKED.to_owned()),
                Some(Some(Known::Yes(list))) => match list.first() {
                    None => Outcome::Met,
                    Some(first) => Outcome::Missing {
                        what: format!("not confirmed: {first}"),
                        remedy: Remedy::Do {
                            what: "follow the link in SNS's message; it ends after three days, `obs apply` sends another".to_owned(),
                        },
                    },
                },
                Some(other) => unknown(other),
            };
            self.put(Rule::Confirmed, path, outcome);
        }
    }

    pub(super) fn objectives(&mut self) {
        let resolved = self.resolved;
        self.expect(Rule::Objectives, "project", !resolved.slos.is_empty(), || {
            let function = resolved.resources.all("functions").first();
            let resource = function.map_or_else(|| "functions/NAME".to_owned(), Resource::path);
            (
                "nothing says what is promised to users".to_owned(),
                Remedy::project(
                    "slos.NAME",
                    format!("{{ objective: 99.9%, availability: {{ resource: {resource} }}, minimum_requests: 100 }}"),
                ),
            )
        });
        if resolved.slos.is_empty() {
            self.expect(Rule::Guards, "project", false, || {
                (
                    "there is no objective to guard".to_owned(),
                    Remedy::project("slos.NAME.minimum_requests", "100"),
                )
            });
        }
        for slo in &resolved.slos {
            let path = format!("slos/{}", slo.name);
            self.expect(Rule::Guards, &path, slo.minimum_requests > 0, || {
                (
                    "a few failed requests of a quiet hour page somebody".to_owned(),
                    Remedy::project(format!("slos.{}.minimum_requests", slo.name), "100"),
                )
            });
            let outcome = match self.facts.map(|facts| facts.budgets.get(&slo.name)) {
                None => Outcome::Unknown(NOBODY_LOOKED.to_owned()),
                Some(Some(Known::Yes(budget))) if budget.left() > 0.0 => Outcome::Met,
                Some(Some(Known::Yes(budget))) => Outcome::Missing {
                    what: format!("its error budget is spent: {budget}"),
                    remedy: Remedy::Do {
                        what: "hold risky changes back until the window has moved on".to_owned(),
                    },
                },
                Some(other) => unknown(other),
            };
            self.put(Rule::Budgets, path, outcome);
        }
    }

    pub(super) fn tests(&mut self) {
        let resolved = self.resolved;
        let expectations = || resolved.tests.iter().flat_map(|test| &test.expect);
        let remedy = || {
            Remedy::write(
                "alarms/NAME.test.yaml",
                "tests",
                "- { name: ..., series: [...], expect: [...] }",
            )
        };
        let own: Vec<&str> = own(resolved).collect();
        if own.is_empty() {
            let any = expectations().next().is_some();
            self.expect(Rule::Tests, "project", any, || {
                ("no alarm has a test".to_owned(), remedy())
            });
        }
        for name in own {
            let tested = expectations().any(|expectation| expectation.alarm == name);
            self.expect(Rule::Tests, &format!("alarms/{name}"), tested, || {
                ("no test expects anything of it".to_owned(), remedy())
            });
        }
    }
}

/// Names of the alarms of one's own that tell somebody: of no preset and no objective.
fn own(resolved: &Resolved) -> impl Iterator<Item = &str> {
    let objectives: Vec<&str> = resolved
        .slos
        .iter()
        .flat_map(|slo| slo.alarms.iter().map(String::as_str))
        .collect();
    resolved
        .about
        .iter()
        .filter(|(_, about)| about.severity.is_some() && about.preset.is_none())
        .map(|(name, _)| name.as_str())
        .filter(move |name| !objectives.contains(name))
}
