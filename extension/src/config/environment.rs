//! Variables to values: what cannot be used is noted, and the default stands in.

use std::{collections::BTreeMap, time::Duration};

use cloudvault_obs_core::variables::{Form, Variable};

/// A variable whose value cannot be used, and what is used instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The variable.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What was expected.
    pub expected: String,
    /// What holds now.
    pub used: String,
}

/// The variables, and what was found wrong with them so far.
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    pub(super) complaints: Vec<Complaint>,
}

const DEFAULTS: &str = "the table's defaults are of their variable's form";

impl Environment {
    /// An empty variable is none.
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let filled = |(name, value): (String, String)| {
            let value = value.trim();
            (!value.is_empty()).then(|| (name, value.to_owned()))
        };
        Self {
            variables: variables.into_iter().filter_map(filled).collect(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// The value that `parse` makes of the variable, or of its default.
    fn value<T>(&mut self, variable: &Variable, parse: impl Fn(&str) -> Option<T>) -> T {
        if let Some(given) = self.text(variable.name) {
            if let Some(value) = parse(&given) {
                return value;
            }
            self.complain(variable.name, variable.form.to_string(), variable.default);
        }
        parse(variable.default).expect(DEFAULTS)
    }

    fn complain(&mut self, name: &'static str, expected: String, used: &str) {
        // Shown in a log line: bounded.
        let value = self.text(name).unwrap_or_default();
        self.complaints.push(Complaint {
            name,
            value: value.chars().take(200).collect(),
            expected,
            used: used.to_owned(),
        });
    }

    /// What stands for the word in `choices`, which are the table's words in any
    /// order.
    pub(super) fn choice<T: Copy>(&mut self, variable: &Variable, choices: &[(&str, T)]) -> T {
        self.value(variable, |given| {
            let word = |(word, _): &&(&str, T)| word.eq_ignore_ascii_case(given);
            choices.iter().find(word).map(|&(_, value)| value)
        })
    }

    pub(super) fn duration(&mut self, variable: &Variable) -> Duration {
        let form = variable.form;
        self.value(variable, |given| match form {
            Form::Duration { least_ms, most_ms } => milliseconds(given)
                .filter(|ms| (least_ms..=most_ms).contains(ms))
                .map(Duration::from_millis),
            _ => None,
        })
    }

    pub(super) fn number(&mut self, variable: &Variable) -> u64 {
        let form = variable.form;
        self.value(variable, |given| match form {
            Form::Number { least, most, .. } => given
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(number)),
            _ => None,
        })
    }

    pub(super) fn switch(&mut self, variable: &Variable) -> bool {
        self.choice(variable, &[("true", true), ("false", false)])
    }

    /// A port, of which 0 is none.
    pub(super) fn port(&mut self, variable: &Variable) -> Option<u16> {
        let number = u16::try_from(self.number(variable)).unwrap_or(0);
        (number > 0).then_some(number)
    }

    /// One of AWS's switches, which are off.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.complain(name, Form::Switch.to_string(), "false");
                false
            }
        }
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}
