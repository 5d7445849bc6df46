//! How the tests of a project went, for people and for programs.

mod text;
mod json;
mod junit;
mod github;
mod words;

use super::bench::{Bench, Outcome};
use super::coverage::Coverage;
use crate::resolve::Resolved;
use crate::source::file::{Files, Span};

pub(crate) use junit::escape;
pub use junit::junit;
pub(crate) use words::offset;

/// The tests of one environment, run.
#[derive(Debug)]
pub struct Report<'a> {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// In the order of the files.
    pub outcomes: Vec<Outcome>,
    /// What the tests speak of.
    pub coverage: Coverage,
    files: &'a Files,
}

/// A place in a file, as editors and terminals understand it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path relative to the project's folder.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Report<'_> {
    /// Runs the tests whose name `wanted` accepts. Coverage is that of all tests.
    pub fn of<'a>(
        resolved: &Resolved,
        files: &'a Files,
        wanted: impl Fn(&str) -> bool,
    ) -> Report<'a> {
        let alarms = resolved.desired.all_alarms();
        let bench = Bench::new(resolved, &alarms);
        let tests = resolved.tests.iter().filter(|test| wanted(&test.name));
        Report {
            project: resolved.desired.target.project.clone(),
            environment: resolved.desired.target.environment.clone(),
            outcomes: tests.map(|test| bench.run(test)).collect(),
            coverage: Coverage::of(&alarms, &resolved.tests),
            files,
        }
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        let failed = |outcome: &&Outcome| !outcome.misses.is_empty();
        self.outcomes.iter().filter(failed).count()
    }

    fn place(&self, span: Span) -> Place {
        let (file, line) = self.files.line(span);
        Place {
            file: file.to_owned(),
            line,
        }
    }
}
