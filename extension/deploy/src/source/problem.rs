//! What is wrong with the files: collected over all of them, shown at once.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan};

use super::excerpt::Excerpt;
use super::file::{Files, Span};

/// One thing that is wrong, at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where; `None` for a problem of the project as a whole.
    pub span: Option<Span>,
    /// What is wrong, as a lower-case sentence without a full stop.
    pub message: String,
    /// Short text under the place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether it stops the work.
    pub level: Level,
    /// What told it.
    pub stage: Stage,
}

/// Whether a problem stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The files cannot be used.
    Error,
    /// Worth a look.
    Warning,
}

/// What told a problem: an editor with the JSON Schema sees the first kind, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The shape: an unknown key, a missing one, a value of another type.
    Shape,
    /// The meaning: an unknown name, a limit, two things that do not go together.
    Meaning,
}

impl Problem {
    /// A problem at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Problem {
        Problem {
            span: Some(span),
            message: message.into(),
            label: "here".to_owned(),
            help: None,
            level: Level::Error,
            stage: Stage::Meaning,
        }
    }

    /// A problem of no one place.
    pub fn whole(message: impl Into<String>) -> Problem {
        Problem {
            span: None,
            message: message.into(),
            label: String::new(),
            help: None,
            level: Level::Error,
            stage: Stage::Meaning,
        }
    }

    /// The same as a matter of shape.
    #[must_use]
    pub fn of_shape(mut self) -> Problem {
        self.stage = Stage::Shape;
        self
    }

    /// The same with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The same with another text under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }
}

/// All problems found so far. A set: a `for_each` that expands the same bad line
/// twenty times still has one problem.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: BTreeSet<Problem>,
    warnings: BTreeSet<Problem>,
}

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, problem: Problem) {
        self.found.insert(problem);
    }

    /// Notes something that is worth a look and stops nothing.
    pub fn warn(&mut self, mut problem: Problem) {
        problem.level = Level::Warning;
        self.warnings.insert(problem);
    }

    /// What is worth a look, as problems of their own; `None` when there is nothing.
    pub fn warnings(&self) -> Option<Problems> {
        (!self.warnings.is_empty()).then(|| Problems {
            found: self.warnings.clone(),
            warnings: BTreeSet::new(),
        })
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// All, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter()
    }
}

/// Whether a report may use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    Plain,
    /// ANSI colours.
    Colour,
}

/// The files cannot be used: carries all problems and the texts to show them in.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} in the project's files", count(problems.len()))]
pub struct Invalid {
    /// What is wrong.
    pub problems: Problems,
    /// The texts.
    pub files: Files,
}

impl Invalid {
    /// The report, one block a problem and a closing line.
    pub fn render(&self, paint: Paint) -> String {
        let theme = match paint {
            Paint::Plain => GraphicalTheme::unicode_nocolor(),
            Paint::Colour => GraphicalTheme::unicode(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(100)
            .with_context_lines(1)
            .without_cause_chain();
        let mut out = String::new();
        for problem in self.problems.iter() {
            let shown = Shown::new(problem, &self.files);
            if handler.render_report(&mut out, &shown).is_err() {
                // A span that miette cannot draw still has its sentence.
                let _ = writeln!(out, "  x {}", problem.message);
            }
            out.push('\n');
        }
        let stops = self.problems.iter().any(|it| it.level == Level::Error);
        let _ = match (stops, self.problems.len()) {
            (true, problems) => writeln!(out, "{}; nothing was written.", count(problems)),
            (false, 1) => writeln!(out, "1 warning."),
            (false, warnings) => writeln!(out, "{warnings} warnings."),
        };
        out
    }
}

fn count(problems: usize) -> String {
    match problems {
        1 => "1 problem".to_owned(),
        more => format!("{more} problems"),
    }
}

/// A problem with its text, the way miette wants it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Shown {
    level: Level,
    message: String,
    help: Option<String>,
    text: Option<Excerpt>,
    label: Option<LabeledSpan>,
}

impl Shown {
    fn new(problem: &Problem, files: &Files) -> Shown {
        let text = problem
            .span
            .and_then(|span| files.get(span.file).map(|file| Excerpt::new(file, span)));
        Shown {
            level: problem.level,
            message: problem.message.clone(),
            help: problem.help.clone(),
            label: text
                .as_ref()
                .map(|text| LabeledSpan::new_with_span(Some(problem.label.clone()), text.place)),
            text,
        }
    }
}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.level {
            Level::Error => miette::Severity::Error,
            Level::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.text
            .as_ref()
            .map(|text| text as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label
            .as_ref()
            .map(|label| Box::new(std::iter::once(label.clone())) as Box<_>)
    }
}
