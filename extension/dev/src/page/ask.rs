//! Questions: the query string, read into typed values with a refusal that says
//! which parameter is wrong and what was expected.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::reply::Refusal;
use crate::store::{LogQuery, TraceQuery};

/// The most rows that one answer holds.
pub(super) const MOST_ROWS: i64 = 1_000;

/// Rows of an answer when the question does not say.
const ROWS: usize = 200;

/// The parameters of a question, each of which must be asked for by name before
/// [`Parameters::finish`].
pub(super) struct Parameters(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<Vec<(String, String)>>::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Self(pairs.into_iter().collect())),
            Err(error) => Err(Refusal::bad(error.body_text())),
        }
    }
}

impl Parameters {
    /// A text; empty counts as not given.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|text| !text.is_empty())
    }

    /// A whole number in a range; empty counts as not given.
    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let found: String = text.chars().take(40).collect();
                let (from, to) = range.into_inner();
                Err(Refusal::bad(format!(
                    "failed to read the parameter `{name}`: expected a whole number from {from} to {to}, found `{found}`"
                )))
            }
        }
    }

    /// `limit`, 1 to 1000 rows.
    pub(super) fn limit(&mut self) -> Result<usize, Refusal> {
        let limit = self.number("limit", 1..=MOST_ROWS)?;
        Ok(limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(ROWS))
    }

    /// Refuses what nobody asked for: a parameter that is misspelt would otherwise be a
    /// filter that silently does not filter.
    pub(super) fn finish(self, known: &[&str]) -> Result<(), Refusal> {
        let Some(name) = self.0.into_keys().next() else {
            return Ok(());
        };
        let name: String = name.chars().take(40).collect();
        let known = known.join(", ");
        Err(Refusal::bad(format!(
            "failed to read the parameter `{name}`: there is none of this name; known are {known}"
        )))
    }

    /// The whole question of `/api/logs`.
    pub(super) fn into_log_query(mut self) -> Result<LogQuery, Refusal> {
        let query = LogQuery {
            after_id: self.number("after", 0..=i64::MAX)?,
            before_id: self.number("before", 0..=i64::MAX)?,
            limit: self.limit()?,
            text: self.text("q"),
            function: self.text("function"),
            level: self.text("level").map(|level| level.to_uppercase()),
            correlation_id: self.text("correlation_id"),
            trace_id: self.text("trace_id"),
            request_id: self.text("request_id"),
        };
        self.finish(&[
            "after",
            "before",
            "limit",
            "q",
            "function",
            "level",
            "correlation_id",
            "trace_id",
            "request_id",
        ])?;
        Ok(query)
    }

    /// The whole question of `/api/traces`.
    pub(super) fn into_trace_query(mut self) -> Result<TraceQuery, Refusal> {
        let query = TraceQuery {
            limit: self.limit()?,
            text: self.text("q"),
            ..TraceQuery::default()
        };
        self.finish(&["limit", "q"])?;
        Ok(query)
    }

    /// A question that has only a limit.
    pub(super) fn into_limit(mut self) -> Result<usize, Refusal> {
        let limit = self.limit()?;
        self.finish(&["limit"])?;
        Ok(limit)
    }
}
