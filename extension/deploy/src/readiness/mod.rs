//! How ready a project is to be run: a score, its reasons, and the way to a better one.
//!
//! Pure: the files' model and what was seen of the account come in as values. Reading
//! order: [`Rule`] is the table of what counts and how much, `files` and `people`
//! measure a project by it, `facts` is what an account can add, [`Report`] turns measures into points, and
//! `render` writes them.
//!
//! # The score
//! A rule is measured on its subjects: a function, a topic, an objective. Its weight is
//! shared equally by those whose state is known, and the score is the share of the
//! weight that is earned, of the rules that have such a subject. Three things follow:
//! mending a subject adds exactly the gain that is told beside it and never lowers the
//! score; what is not known counts neither way; and what a project does not have, such as
//! a queue, is not held against it. What every project should have (a topic, an
//! objective, a test, a dashboard) is missing when it is not there, so that an empty
//! project has no point at all.

mod rule;
mod remedy;
pub mod facts;
mod watch;
mod shown;
mod files;
mod people;
mod report;
mod render;
pub mod look;

use crate::resolve::Resolved;

pub use self::facts::{Budget, Facts, Known};
pub use self::remedy::Remedy;
pub use self::render::Style;
pub use self::report::{Finding, Measure, Outcome, Report, Tally};
pub use self::rule::Rule;

/// Measures a project by its files and, when somebody looked, by its account.
pub fn assess(resolved: &Resolved, facts: Option<&Facts>) -> Report {
    let target = &resolved.desired.target;
    let title = format!("{} in {}", target.project, target.environment);
    Report::of(title, files::measures(resolved, facts))
}
