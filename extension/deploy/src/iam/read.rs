//! A policy document as people write it, in JSON or in YAML, with the place of everything
//! that is none of IAM's.

use std::path::Path;

use super::policy::{Condition, Effect, Form, Policy, Statement};
use crate::source::near;
use crate::source::node::{self, Entry, Kind, Node};
use crate::source::problem::{Invalid, Problem, Problems};
use crate::source::{
    self,
    file::{Files, Span},
};

/// Keys of a document.
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
/// Keys of a statement.
const STATEMENT: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];
/// The versions of the language; without one it is the older.
const VERSIONS: [&str; 2] = ["2008-10-17", "2012-10-17"];

impl Policy {
    /// Reads a document; `name` is what reports call it.
    ///
    /// # Errors
    /// [`Invalid`] with every problem and its place.
    pub fn parse(name: &str, text: &str) -> Result<Policy, Box<Invalid>> {
        let mut reader = Reader {
            files: Files::new(Path::new(".")),
            problems: Problems::default(),
        };
        let policy = reader.read(name, text);
        match policy {
            Some(policy) if reader.problems.is_empty() => Ok(policy),
            _ => Err(Box::new(Invalid {
                problems: reader.problems,
                files: reader.files,
            })),
        }
    }
}

struct Reader {
    files: Files,
    problems: Problems,
}

impl Reader {
    fn read(&mut self, name: &str, text: &str) -> Option<Policy> {
        let file = self.files.add(name, text);
        // What begins as JSON is held to JSON: IAM takes no YAML.
        if text.trim_start().starts_with(['{', '['])
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
        {
            self.problems.add(source::not_json(file, text, &error));
            return None;
        }
        let node = node::parse(&self.files, file, &mut self.problems)?;
        self.policy(&node)
    }

    fn refuse(&mut self, span: Span, message: impl Into<String>, label: &str) {
        let problem = Problem::at(span, message).label(label);
        self.problems.add(problem);
    }

    fn policy(&mut self, node: &Node) -> Option<Policy> {
        let Some(statements) = node.get("Statement") else {
            let help = match node.kind {
                Kind::Map(_) => {
                    "give the document alone: `aws iam get-role-policy ... --query PolicyDocument`, `aws iam get-policy-version ... --query PolicyVersion.Document`"
                }
                _ => "`obs iam` prints one",
            };
            let problem = Problem::at(node.pointer(), "a policy has a `Statement`");
            self.problems.add(problem.label("none here").help(help));
            return None;
        };
        self.known(node, &DOCUMENT, "a policy");
        if let Some(version) = node.get("Version")
            && !version.text().is_some_and(|it| VERSIONS.contains(&it))
        {
            let help = format!("expected {}", near::list(&VERSIONS));
            let problem = Problem::at(version.span, "no version of IAM's language").help(help);
            self.problems.add(problem);
        }
        let list = match &statements.kind {
            Kind::List(list) => list.iter().collect(),
            _ => vec![statements],
        };
        let read = list.into_iter().filter_map(|one| self.statement(one));
        Some(Policy {
            statements: read.collect(),
        })
    }

    /// Notes the keys that do not belong here.
    fn known(&mut self, node: &Node, known: &[&str], what: &str) {
        let Kind::Map(entries) = &node.kind else {
            let message = format!("expected {what}, found {}", node.describe());
            return self.refuse(node.pointer(), message, "expected a mapping");
        };
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            let help = match entry.key.as_str() {
                "Principal" | "NotPrincipal" => {
                    "it belongs to the policy of a resource; this looks at those of roles"
                        .to_owned()
                }
                key => near::suggestion(key, known.iter().copied()),
            };
            let message = format!("`{}` is no key of {what}", entry.key);
            let problem = Problem::at(entry.key_span, message);
            self.problems.add(problem.help(help));
        }
    }

    fn statement(&mut self, node: &Node) -> Option<Statement> {
        self.known(node, &STATEMENT, "a statement");
        let effect = match node.get("Effect").and_then(Node::text) {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            _ => {
                let at = node.get("Effect").map_or(node.pointer(), |it| it.span);
                self.refuse(at, "`Effect` is `Allow` or `Deny`", "neither");
                None
            }
        };
        let actions = self.form(node, "Action", "NotAction");
        let resources = self.form(node, "Resource", "NotResource");
        for action in node.get("Action").into_iter().chain(node.get("NotAction")) {
            self.services(action);
        }
        Some(Statement {
            sid: node
                .get("Sid")
                .and_then(Node::text)
                .unwrap_or_default()
                .to_owned(),
            effect: effect?,
            actions: actions?,
            resources: resources?,
            conditions: match node.get("Condition") {
                Some(node) => self.conditions(node),
                None => Vec::new(),
            },
        })
    }

    /// An action names its service, unless it is all of them.
    fn services(&mut self, node: &Node) {
        match &node.kind {
            Kind::List(list) => list.iter().for_each(|one| self.services(one)),
            _ => {
                if let Some(text) = node.text()
                    && text != "*"
                    && !text.contains(':')
                {
                    let message = format!("`{text}` is no action");
                    let problem = Problem::at(node.span, message).label("no service before a `:`");
                    let help = "such as `cloudwatch:PutMetricData`";
                    self.problems.add(problem.help(help));
                }
            }
        }
    }

    fn form(&mut self, node: &Node, of: &str, not: &str) -> Option<Form> {
        match (node.get(of), node.get(not)) {
            (Some(list), None) => self.texts(list, of).map(Form::Of),
            (None, Some(list)) => self.texts(list, not).map(Form::Not),
            _ => {
                let message = format!("a statement has one of `{of}` and `{not}`");
                self.refuse(node.pointer(), message, "in this statement");
                None
            }
        }
    }

    fn texts(&mut self, node: &Node, key: &str) -> Option<Vec<String>> {
        let list: Vec<&Node> = match &node.kind {
            Kind::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        let mut texts = Vec::new();
        for one in list {
            let Some(text) = one.text() else {
                let message = format!(
                    "`{key}` is a text or a list of texts, found {}",
                    one.describe()
                );
                self.refuse(one.pointer(), message, "expected a text");
                return None;
            };
            texts.push(text.to_owned());
        }
        Some(texts)
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        let mut all = Vec::new();
        for operator in self.map(node, "`Condition` maps operators to condition keys") {
            let message = format!("`{}` maps condition keys to values", operator.key);
            for key in self.map(&operator.value, &message) {
                let Some(values) = self.texts(&key.value, &key.key) else {
                    continue;
                };
                all.push(Condition {
                    operator: operator.key.clone(),
                    key: key.key.clone(),
                    values,
                });
            }
        }
        all.sort();
        all
    }

    fn map<'a>(&mut self, node: &'a Node, message: &str) -> &'a [Entry] {
        match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            _ => {
                self.refuse(node.pointer(), message, "expected a mapping");
                &[]
            }
        }
    }
}
