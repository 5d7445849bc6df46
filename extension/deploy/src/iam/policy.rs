//! A policy document, written as people read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// In the order of the document.
    pub statements: Vec<Statement>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// A list, or everything but a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// These patterns.
    Of(Vec<String>),
    /// Everything but these patterns.
    Not(Vec<String>),
}

/// One condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Such as `StringEquals`.
    pub operator: String,
    /// Such as `cloudwatch:namespace`.
    pub key: String,
    /// Any of these.
    pub values: Vec<String>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name; may be empty.
    pub sid: String,
    /// What it does.
    pub effect: Effect,
    /// Patterns of actions.
    pub actions: Form,
    /// Patterns of ARNs.
    pub resources: Form,
    /// All of them have to hold; sorted, since the order says nothing.
    pub conditions: Vec<Condition>,
}

impl Policy {
    /// The document as JSON, keys in the order in which people read them.
    pub fn json(&self) -> String {
        let statements: Vec<String> = self.statements.iter().map(Statement::json).collect();
        format!(
            "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{}\n  ]\n}}\n",
            statements.join(",\n")
        )
    }

    /// The same as YAML.
    pub fn yaml(&self) -> String {
        let mut out = "Version: \"2012-10-17\"\nStatement:\n".to_owned();
        for statement in &self.statements {
            statement.yaml(&mut out);
        }
        out
    }
}

impl Form {
    /// The list, and which of two keys it stands under.
    fn under(&self, of: &'static str, not: &'static str) -> (&'static str, Vec<&str>) {
        let (key, list) = match self {
            Form::Of(list) => (of, list),
            Form::Not(list) => (not, list),
        };
        (key, list.iter().map(String::as_str).collect())
    }
}

impl Statement {
    /// Condition keys and values by operator.
    fn operators(&self) -> BTreeMap<&str, Vec<&Condition>> {
        let mut operators: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
        for condition in &self.conditions {
            let list = operators.entry(&condition.operator).or_default();
            list.push(condition);
        }
        operators
    }

    /// Name, effect, and the two lists, under the keys of the document.
    fn head(&self) -> Vec<(&'static str, Vec<&str>)> {
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        let mut head = vec![("Sid", vec![self.sid.as_str()])];
        head.retain(|(_, sid)| !sid[0].is_empty());
        head.push(("Effect", vec![effect]));
        head.push(self.actions.under("Action", "NotAction"));
        head.push(self.resources.under("Resource", "NotResource"));
        head
    }

    fn json(&self) -> String {
        let mut members: Vec<String> = self
            .head()
            .into_iter()
            .map(|(key, list)| {
                let text = match list[..] {
                    [one] => quoted(one),
                    _ => array(&list, 6),
                };
                format!("      \"{key}\": {text}")
            })
            .collect();
        let operators: Vec<String> = self
            .operators()
            .into_iter()
            .map(|(operator, conditions)| {
                let keys: Vec<String> = conditions
                    .iter()
                    .map(|it| {
                        let values: Vec<&str> = it.values.iter().map(String::as_str).collect();
                        format!("          {}: {}", quoted(&it.key), array(&values, 10))
                    })
                    .collect();
                format!(
                    "        {}: {{\n{}\n        }}",
                    quoted(operator),
                    keys.join(",\n")
                )
            })
            .collect();
        if !operators.is_empty() {
            let text = operators.join(",\n");
            members.push(format!("      \"Condition\": {{\n{text}\n      }}"));
        }
        format!("    {{\n{}\n    }}", members.join(",\n"))
    }

    fn yaml(&self, out: &mut String) {
        // Writing into a String cannot fail.
        for (index, (key, list)) in self.head().into_iter().enumerate() {
            let lead = if index == 0 { "  - " } else { "    " };
            match list[..] {
                [one] => {
                    let _ = writeln!(out, "{lead}{key}: {}", plain(one));
                }
                _ => {
                    let _ = writeln!(out, "{lead}{key}:");
                    for item in list {
                        let _ = writeln!(out, "      - {}", plain(item));
                    }
                }
            }
        }
        if self.conditions.is_empty() {
            return;
        }
        out.push_str("    Condition:\n");
        for (operator, conditions) in self.operators() {
            let _ = writeln!(out, "      {}:", plain(operator));
            for condition in conditions {
                let _ = writeln!(out, "        {}:", plain(&condition.key));
                for value in &condition.values {
                    let _ = writeln!(out, "          - {}", quoted(value));
                }
            }
        }
    }
}

/// A JSON string, which is a YAML one, too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A YAML text, quoted where it has to be.
fn plain(text: &str) -> String {
    let simple = |one: char| one.is_ascii_alphanumeric() || "-_:/$".contains(one);
    let starts = text.starts_with(|one: char| one.is_ascii_alphabetic());
    match starts && text.chars().all(simple) && !text.ends_with(':') {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// A list on one line, or, when that is too long, on a line an item.
fn array(items: &[&str], indent: usize) -> String {
    let all: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    let line = all.join(", ");
    if line.len() <= 80 {
        return format!("[{line}]");
    }
    let pad = " ".repeat(indent);
    let lines: Vec<String> = all.iter().map(|item| format!("{pad}  {item}")).collect();
    format!("[\n{}\n{pad}]", lines.join(",\n"))
}
