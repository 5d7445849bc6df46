//! Looks at an account for what a score wants to know. Reads only; what cannot be read
//! is put down as not known, with the account's own words.

use futures_util::stream::{self, StreamExt};

use super::facts::{Budget, Facts, Known};
use crate::account::{AccountError, Reads};
use crate::model::slo::{Counted, Slo};
use crate::resolve::Resolved;

/// Reads under way at once.
const AT_ONCE: usize = 8;

/// What a score asks of an account beside what a plan does.
pub trait Inspects: Reads {
    /// Whether X-Ray has a trace of a function.
    fn has_trace(
        &self,
        function: &str,
        range: Range,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;
    /// The days that a log group keeps its lines, `None` for ever; nothing for a group
    /// that does not exist.
    fn retention(
        &self,
        log_group: &str,
    ) -> impl Future<Output = Result<Option<Option<u32>>, AccountError>> + Send;
    /// Whether a line of a log group matches a filter pattern; any line when it is empty.
    fn has_line(
        &self,
        log_group: &str,
        pattern: &str,
        range: Range,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;
    /// The sum of a counting metric.
    fn sum(
        &self,
        counted: &Counted,
        range: Range,
    ) -> impl Future<Output = Result<f64, AccountError>> + Send;
}

/// From a time to another, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from_ms: i64,
    /// The first that is not of it.
    pub to_ms: i64,
}

impl Range {
    fn before(now_ms: i64, milliseconds: i64) -> Range {
        Range {
            from_ms: now_ms - milliseconds,
            to_ms: now_ms,
        }
    }
}

/// What matches a line of the library with a correlation id.
const CORRELATED: &str = "{ $.correlation_id = \"*\" }";
/// How far back lines are looked for: a day.
const LINES_MS: i64 = 86_400_000;
/// How far back traces are looked for: six hours, the range that X-Ray answers at once.
const TRACES_MS: i64 = 21_600_000;

/// Looks at everything, at a time in milliseconds since 1970.
///
/// # Errors
/// Whatever keeps the account from being read at all: its identity.
pub async fn look<A: Inspects>(
    account: &A,
    resolved: &Resolved,
    now_ms: i64,
) -> Result<Facts, AccountError> {
    account.identity().await?;
    let mut facts = Facts::default();
    let functions = resolved.resources.all("functions");
    let each = stream::iter(functions).map(|function| async move {
        let group = function
            .attributes
            .get("log_group")
            .cloned()
            .unwrap_or_default();
        (
            (
                function.name.clone(),
                traced(account, &function.name, now_ms).await,
            ),
            (group.clone(), retention(account, &group).await),
            (group.clone(), correlated(account, &group, now_ms).await),
        )
    });
    let mut each = each.buffered(AT_ONCE);
    while let Some((tracing, retention, correlated)) = each.next().await {
        facts.tracing.extend([tracing]);
        facts.retention.extend([retention]);
        facts.correlated.extend([correlated]);
    }
    for topic in &resolved.desired.topics {
        let arn = resolved.desired.target.topic_arn(&topic.name);
        let state = known(account.topic(&arn).await);
        let unconfirmed = match state {
            Known::No(why) => Known::No(why),
            Known::Yes(state) => Known::Yes(
                topic
                    .subscriptions
                    .iter()
                    .filter(|one| one.needs_confirmation())
                    .filter(|one| !matches!(state.subscriptions.get(one), Some(Some(_))))
                    .cloned()
                    .collect(),
            ),
        };
        facts.unconfirmed.insert(topic.name.clone(), unconfirmed);
    }
    for slo in &resolved.slos {
        facts
            .budgets
            .insert(slo.name.clone(), budget(account, slo, now_ms).await);
    }
    Ok(facts)
}

async fn traced<A: Inspects>(account: &A, function: &str, now_ms: i64) -> Known<bool> {
    let range = Range::before(now_ms, TRACES_MS);
    match account.has_trace(function, range).await {
        Ok(true) => Known::Yes(true),
        Ok(false) => Known::No("X-Ray has no trace of it of the last six hours".to_owned()),
        Err(error) => Known::No(error.to_string()),
    }
}

async fn retention<A: Inspects>(account: &A, group: &str) -> Known<Option<u32>> {
    match account.retention(group).await {
        Ok(Some(days)) => Known::Yes(days),
        Ok(None) => Known::No(format!("there is no log group {group} yet")),
        Err(error) => Known::No(error.to_string()),
    }
}

/// No line at all says nothing about the next one.
async fn correlated<A: Inspects>(account: &A, group: &str, now_ms: i64) -> Known<bool> {
    let range = Range::before(now_ms, LINES_MS);
    match account.has_line(group, CORRELATED, range).await {
        Ok(true) => return Known::Yes(true),
        Ok(false) => {}
        Err(error) => return Known::No(error.to_string()),
    }
    match account.has_line(group, "", range).await {
        Ok(true) => Known::Yes(false),
        Ok(false) => Known::No(format!("{group} has no line of the last day")),
        Err(error) => Known::No(error.to_string()),
    }
}

async fn budget<A: Inspects>(account: &A, slo: &Slo, now_ms: i64) -> Known<Budget> {
    let range = Range::before(now_ms, i64::from(slo.window) * 1000);
    let sums = futures_util::future::join(
        account.sum(&slo.part, range),
        account.sum(&slo.total, range),
    );
    match sums.await {
        (Ok(part), Ok(total)) => Known::Yes(Budget::of(slo, part, total)),
        (Err(error), _) | (_, Err(error)) => Known::No(error.to_string()),
    }
}

fn known<T>(answer: Result<T, AccountError>) -> Known<T> {
    match answer {
        Ok(value) => Known::Yes(value),
        Err(error) => Known::No(error.to_string()),
    }
}
