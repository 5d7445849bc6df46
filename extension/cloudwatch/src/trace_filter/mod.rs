//! X-Ray's filter expressions: which traces GetTraceSummaries gives.
//!
//! The language is that of the page "Use filter expressions": keywords with a value
//! (`responsetime > 5`), alone (`fault`, `annotation[age]`) or negated (`!ok`), `AND`,
//! `OR`, parentheses, one beside the other for `AND`, and `service(...) { ... }` and
//! `edge(..., ...) { ... }` that ask the same of a service or of a call between two.
//! Words are told apart without case, as the page's own examples have it. `NOT`, and a
//! negation before `CONTAINS` and its like, are understood as well.
//!
//! What only X-Ray can say is refused by name and never ignored: groups, root causes and
//! the keywords that are asked of root causes alone (`first`, `last`, `remote`, `index`,
//! `coverage`, `message`).
//!
//! Where the page leaves a case open the answer is inferred:
//! - a keyword with several values, such as `user`, meets a comparison when one of them
//!   does, and without a value it meets none, not even `!=`;
//! - a trace's status, HTTP fields and response time are those of its root segment, as in
//!   a trace's summary; `throttle` and `partial` are true if any segment says so;
//! - a service's are those of one of its segments; annotations, users and what AWS
//!   recorded may stand in its subsegments, too;
//! - a call that no segment answers (a subsegment of namespace `aws` or `remote`) is an
//!   inferred service of its name, with type `AWS::NAME` or `remote`;
//! - an edge's are those of the segment called, or of the subsegment that called it.

mod reader;
mod parse;
mod trace;
mod evaluate;

use crate::comparison::Comparison;

pub use trace::{Segment, Trace};

/// A filter expression, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// The keyword is set; one that is true or false is true.
    Set(Keyword),
    Compared(Keyword, Operator, Wanted),
    Service(Named, Option<Box<Expression>>),
    Edge(Named, Named, Option<Box<Expression>>),
}

/// What is asked of a trace, a service or an edge.
#[derive(Clone, Debug, PartialEq)]
enum Keyword {
    Flag(Flag),
    Number(Number),
    Text(Text),
    Annotation(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flag {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
    Inferred,
    Root,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    ResponseTime,
    Duration,
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Text {
    Url,
    Method,
    UserAgent,
    ClientIp,
    User,
    Name,
    Type,
    AvailabilityZone,
    InstanceId,
    ResourceArn,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Sign(Comparison),
    Contains,
    BeginsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Flag(bool),
    Number(f64),
    Text(String),
}

/// Which services; every part that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct Named {
    name: Option<String>,
    kind: Option<String>,
    account: Option<String>,
}

/// Why an expression is none, and where; reads after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the filter expression at character {}: {message}", position + 1)]
pub struct FilterError {
    position: usize,
    message: String,
}

impl FilterError {
    /// Where it is, in characters from the start.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What was expected, and what was found.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl Filter {
    /// Reads an expression. Nothing at all holds of every trace.
    ///
    /// # Errors
    /// Where the text stops being an expression, with what was expected there; or what
    /// of it is not evaluated here.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        parse::parse(text).map(Filter)
    }

    /// Whether a trace fits.
    pub fn matches(&self, trace: &Trace<'_>) -> bool {
        evaluate::holds(&self.0, trace)
    }
}

#[cfg(test)]
mod tests;
