//! Metric math: expressions over series, as `GetMetricData`, math alarms and
//! dashboards write them.
//!
//! Text goes through [`parse`], then [`check`] (types: a number, a series, an array
//! of series), then [`Scope::evaluate`]. A checked expression cannot fail on its
//! types any more, only on what its data asks for. Functions that need AWS itself
//! are refused by name, never guessed.

mod error;
mod lex;
mod expr;
mod parse;
mod function;
mod check;
mod scope;
mod operate;
mod reduce;
mod shape;
mod find;

pub use check::{Type, Types, check};
pub use error::MathError;
pub use expr::Expr;
pub use parse::parse;
pub use scope::{Scope, Value};

#[cfg(test)]
mod tests;
