//! Measures a project by its files, and by its account where that has the last word.

use super::facts::{Facts, Known};
use super::shown::Seen;
use super::watch::Watch;
use super::{Measure, Outcome, Remedy, Rule};
use crate::model::SamplingRule;
use crate::resolve::{Resolved, Resource};
use crate::shape::resource::KINDS;
use crate::source::merge::matches;
use crate::source::preset;

/// Why something is not known when nobody looked.
pub(super) const NOBODY_LOOKED: &str = "the files do not say it; `--account` looks";

/// Everything that is measured, rule by rule.
pub(super) fn measures(resolved: &Resolved, facts: Option<&Facts>) -> Vec<Measure> {
    let mut project = Project {
        resolved,
        facts,
        watch: Watch::of(resolved),
        measures: Vec::new(),
    };
    project.functions();
    project.resources();
    project.queues();
    project.dashboards();
    project.runbooks();
    project.topics();
    project.objectives();
    project.tests();
    project.measures
}

pub(super) struct Project<'a> {
    pub(super) resolved: &'a Resolved,
    pub(super) facts: Option<&'a Facts>,
    pub(super) watch: Watch<'a>,
    measures: Vec<Measure>,
}

impl<'a> Project<'a> {
    pub(super) fn put(&mut self, rule: Rule, subject: impl Into<String>, outcome: Outcome) {
        self.measures.push(Measure {
            rule,
            subject: subject.into(),
            outcome,
        });
    }

    /// Puts down that something is so, or that it is missing.
    pub(super) fn expect(
        &mut self,
        rule: Rule,
        subject: &str,
        met: bool,
        gap: impl FnOnce() -> (String, Remedy),
    ) {
        let outcome = match met {
            true => Outcome::Met,
            false => {
                let (what, remedy) = gap();
                Outcome::Missing { what, remedy }
            }
        };
        self.put(rule, subject, outcome);
    }

    fn functions(&mut self) {
        let resolved = self.resolved;
        for function in resolved.resources.all("functions") {
            let path = function.path();
            let told = self.watch.is_told(&path);
            self.expect(Rule::FunctionAlarms, &path, told, || {
                (
                    "no alarm about it tells anybody".to_owned(),
                    Remedy::preset("functions"),
                )
            });
            self.tracing(function);
            self.retention(function);
            self.correlation(function);
            let sampled = resolved.desired.sampling_rules.iter().any(|rule| {
                samples(
                    rule,
                    function,
                    &resolved.desired.target.function_arn(&function.name),
                )
            });
            self.expect(Rule::Sampling, &path, sampled, || {
                (
                    "no sampling rule matches it: X-Ray's default traces one request a second and 5 % of the rest".to_owned(),
                    Remedy::project(
                        format!("sampling.{}", function.name),
                        format!("{{ priority: 1000, rate: 5%, reservoir: 1, service: {} }}", function.name),
                    ),
                )
            });
        }
    }

    /// A trace that was seen is proof. That none was is none: nobody may have called.
    fn tracing(&mut self, function: &Resource) {
        let (path, name) = (function.path(), &function.name);
        let mode = function.attributes.get("tracing");
        let active = mode.is_some_and(|mode| mode == "active");
        match self.facts.map(|facts| facts.tracing.get(name)) {
            Some(Some(Known::Yes(true))) => self.put(Rule::Tracing, path, Outcome::Met),
            Some(answer) if active && answer != Some(&Known::Yes(false)) => {
                self.put(Rule::Tracing, path, unknown(answer));
            }
            answer => self.expect(Rule::Tracing, &path, active && answer.is_none(), || {
                (
                    "X-Ray does not trace it".to_owned(),
                    Remedy::project(format!("resources.functions.{name}.tracing"), "active"),
                )
            }),
        }
    }

    fn retention(&mut self, function: &Resource) {
        let (path, group) = (function.path(), log_group(function));
        if let Some(facts) = self.facts {
            let outcome = match facts.retention.get(&group) {
                Some(Known::Yes(Some(_))) => Outcome::Met,
                Some(Known::Yes(None)) => Outcome::Missing {
                    what: format!("log group {group} keeps its lines for ever"),
                    remedy: Remedy::Run {
                        command: format!(
                            "aws logs put-retention-policy --log-group-name {group} --retention-in-days 30"
                        ),
                    },
                },
                other => unknown(other),
            };
            return self.put(Rule::Retention, path, outcome);
        }
        let set = function.attributes.contains_key("log_retention");
        self.expect(Rule::Retention, &path, set, || {
            (
                format!("nothing says how long log group {group} keeps its lines"),
                Remedy::project(
                    format!("resources.functions.{}.log_retention", function.name),
                    "30d",
                ),
            )
        });
    }

    fn correlation(&mut self, function: &Resource) {
        let group = log_group(function);
        let outcome = match self.facts.map(|facts| facts.correlated.get(&group)) {
            Some(Some(Known::Yes(true))) => Outcome::Met,
            Some(Some(Known::Yes(false))) => Outcome::Missing {
                what: format!("no line of {group} carries `correlation_id`"),
                remedy: Remedy::Do {
                    what: "wrap the handler with `obs::run`: its lines carry the correlation id"
                        .to_owned(),
                },
            },
            Some(other) => unknown(other),
            None => Outcome::Unknown(NOBODY_LOOKED.to_owned()),
        };
        self.put(Rule::Correlation, function.path(), outcome);
    }

    fn resources(&mut self) {
        for resource in declared(self.resolved) {
            let (kind, path) = (resource.kind, resource.path());
            let (told, by_preset) = match kind {
                "detectors" => {
                    let rules = &self.resolved.desired.event_rules;
                    let told = rules.iter().any(|rule| {
                        rule.pattern["source"][0] == "aws.guardduty" && !rule.topics.is_empty()
                    });
                    (told, told)
                }
                _ => (self.watch.is_told(&path), self.is_of_preset(kind, &path)),
            };
            if kind != "functions" {
                self.expect(Rule::ResourceAlarms, &path, told, || {
                    let what = match kind {
                        "detectors" => "nobody is told of its findings",
                        _ => "no alarm about it tells anybody",
                    };
                    (what.to_owned(), Remedy::preset(kind))
                });
            }
            if preset::kinds().any(|known| known == kind) {
                self.expect(Rule::Presets, &path, by_preset, || {
                    (
                        format!("none of the ready-made alarms of {kind} is about it"),
                        Remedy::preset(kind),
                    )
                });
            }
        }
    }

    fn is_of_preset(&self, kind: &str, path: &str) -> bool {
        self.watch.alarms(path).any(|alarm| {
            let about = self.resolved.about.get(alarm);
            about
                .and_then(|about| about.preset.as_deref())
                .and_then(|preset| preset.split('/').next())
                .is_some_and(|preset| preset == kind)
        })
    }

    fn queues(&mut self) {
        let resolved = self.resolved;
        for queue in resolved.resources.all("work_queues") {
            let path = format!("queues/{}", queue.name);
            let Some(dead_letter) = queue.attributes.get("dead_letter") else {
                self.expect(Rule::DeadLetters, &path, false, || {
                    (
                        "it has no dead-letter queue: a message that cannot be worked on comes back until it is dropped".to_owned(),
                        Remedy::project(
                            format!("resources.queues.{}.dead_letter", queue.name),
                            format!("{}-dlq", queue.name),
                        ),
                    )
                });
                continue;
            };
            let told = self.watch.is_told(&format!("queues/{dead_letter}"));
            self.expect(Rule::DeadLetters, &path, told, || {
                (
                    format!("no alarm about {dead_letter} tells anybody"),
                    Remedy::preset("queues"),
                )
            });
        }
    }

    fn dashboards(&mut self) {
        let remedy = || Remedy::write("dashboards/overview.yaml", "rows", "- overview: true");
        let seen = Seen::of(&self.resolved.desired.dashboards);
        let mut any = false;
        for resource in declared(self.resolved) {
            if resource.dimensions.is_empty() {
                continue;
            }
            any = true;
            let shown = seen.shows(resource, self.resolved);
            self.expect(Rule::Dashboards, &resource.path(), shown, || {
                ("no dashboard shows a metric of it".to_owned(), remedy())
            });
        }
        if !any {
            let shown = !self.resolved.desired.dashboards.is_empty();
            self.expect(Rule::Dashboards, "project", shown, || {
                ("there is no dashboard".to_owned(), remedy())
            });
        }
    }
}

/// What nobody answered.
pub(super) fn unknown<T>(answer: Option<&Known<T>>) -> Outcome {
    Outcome::Unknown(match answer {
        Some(Known::No(why)) => why.clone(),
        _ => "nobody asked".to_owned(),
    })
}

/// The resources that obs.yaml declares. A dead-letter queue is a matter of the queue
/// that it belongs to.
pub(super) fn declared(resolved: &Resolved) -> impl Iterator<Item = &Resource> {
    let dead = resolved.resources.all("dead_letter_queues");
    KINDS
        .iter()
        .flat_map(|kind| resolved.resources.all(kind))
        .filter(move |resource| {
            resource.kind != "queues" || !dead.iter().any(|queue| queue.name == resource.name)
        })
}

fn log_group(function: &Resource) -> String {
    let given = function.attributes.get("log_group").cloned();
    given.unwrap_or_else(|| format!("/aws/lambda/{}", function.name))
}

/// Whether a sampling rule is about a function's segments, whatever the request.
fn samples(rule: &SamplingRule, function: &Resource, arn: &str) -> bool {
    let kind = "AWS::Lambda::Function";
    [
        (&rule.service, function.name.as_str()),
        (&rule.service_type, kind),
        (&rule.resource_arn, arn),
    ]
    .iter()
    .all(|(pattern, value)| matches(pattern, value))
}
