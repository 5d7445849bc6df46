//! Problems as programs read them: with file, line and column, as JSON or as annotations
//! of a GitHub Actions job.

use std::fmt::Write as _;

use serde::Serialize;

use super::file::{Files, Span};
use super::problem::{Invalid, Level, Problem};
use crate::github::{message, path, property};

/// A problem with its place spelt out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// `error` or `warning`.
    pub level: &'static str,
    /// Where; nothing for a problem of the project as a whole.
    #[serde(flatten)]
    pub place: Option<LineColumn>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place as editors count: from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineColumn {
    /// Path from the project's folder.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl LineColumn {
    fn of(span: Span, files: &Files) -> Option<LineColumn> {
        let file = files.get(span.file)?;
        let before = file.text.get(..span.offset as usize)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        Some(LineColumn {
            file: file.name.clone(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        })
    }
}

impl Invalid {
    /// The problems in the order of the files.
    pub fn placed(&self) -> Vec<Placed> {
        let placed = |problem: &Problem| Placed {
            level: match problem.level {
                Level::Error => "error",
                Level::Warning => "warning",
            },
            place: problem
                .span
                .and_then(|span| LineColumn::of(span, &self.files)),
            message: problem.message.clone(),
            help: problem.help.clone(),
        };
        self.problems.iter().map(placed).collect()
    }

    /// One workflow command a problem; `folder` is the project's from the repository's
    /// root, empty for the root itself.
    pub fn annotations(&self, folder: &str) -> String {
        let mut out = String::new();
        for one in self.placed() {
            let place = one.place.map_or_else(String::new, |place| {
                let file = property(&path(folder, &place.file));
                format!("file={file},line={},col={},", place.line, place.column)
            });
            let help = one
                .help
                .map_or_else(String::new, |help| format!("; {help}"));
            let text = message(&format!("{}{help}", one.message));
            // Writing into a String cannot fail.
            let _ = writeln!(out, "::{} {place}title=obs check::{text}", one.level);
        }
        out
    }

    /// The problems of both, of the same files.
    #[must_use]
    pub fn with(mut self, other: &Invalid) -> Invalid {
        for problem in other.problems.iter() {
            self.problems.add(problem.clone());
        }
        self
    }
}
