//! What the store and the sandbox list as it is: logs, traces, notifications,
//! requests, functions, counts.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Page;
use super::ask::{MOST_ROWS, Parameters};
use super::reply::{Refusal, blocking};
use crate::store::LogQuery;

type Answer = Result<Json<Value>, Refusal>;

/// `GET /api/logs`: matching lines in the order they were written; the newest, or
/// with `after` the first ones after it.
pub(super) async fn logs(State(page): State<Page>, asked: Parameters) -> Answer {
    let query = asked.into_log_query()?;
    let lines = blocking(&page, move |account| Ok(account.store.logs(&query)?)).await?;
    Ok(Json(json!({ "lines": lines })))
}

/// `GET /api/traces`: the newest traces first.
pub(super) async fn traces(State(page): State<Page>, asked: Parameters) -> Answer {
    let query = asked.into_trace_query()?;
    let traces = blocking(&page, move |account| Ok(account.store.traces(&query)?)).await?;
    Ok(Json(json!({ "traces": traces })))
}

/// `GET /api/traces/{trace_id}`: its segments, its log lines and the traces it is
/// linked with. A trace that was not sampled has log lines only.
pub(super) async fn trace(State(page): State<Page>, Path(trace_id): Path<String>) -> Answer {
    let answer = blocking(&page, move |account| {
        let found = account.store.trace(&trace_id)?;
        let of_trace = LogQuery {
            trace_id: Some(trace_id.clone()),
            limit: usize::try_from(MOST_ROWS).unwrap_or_default(),
            ..LogQuery::default()
        };
        let logs = account.store.logs(&of_trace)?;
        if found.is_none() && logs.is_empty() {
            return Err(Refusal::unknown("trace", &trace_id));
        }
        let (segments, links) = found
            .map(|trace| (trace.segments, trace.linked))
            .unwrap_or_default();
        Ok(json!({ "trace_id": trace_id, "segments": segments, "logs": logs, "links": links }))
    });
    Ok(Json(answer.await?))
}

/// `GET /api/notifications`: the newest first.
pub(super) async fn notifications(State(page): State<Page>, asked: Parameters) -> Answer {
    let limit = asked.into_limit()?;
    let rows = blocking(&page, move |account| {
        Ok(account.store.notifications(limit)?)
    })
    .await?;
    Ok(Json(json!({ "notifications": rows })))
}

/// `GET /api/requests`: the endpoints' request log, newest first.
pub(super) async fn requests(State(page): State<Page>, asked: Parameters) -> Answer {
    let limit = asked.into_limit()?;
    let rows = blocking(&page, move |account| Ok(account.store.requests(limit)?)).await?;
    Ok(Json(json!({ "requests": rows })))
}

/// `GET /api/summary`: the account in numbers.
pub(super) async fn summary(State(page): State<Page>) -> Answer {
    let summary = blocking(&page, |account| Ok(account.store.summary()?)).await?;
    Ok(Json(json!(summary)))
}

/// `GET /api/functions`: every function with its environments.
pub(super) async fn functions(State(page): State<Page>) -> Json<Value> {
    Json(json!({ "functions": page.sandbox.functions() }))
}

/// `POST /api/spin-down`: ends every environment as Lambda does and waits for it.
pub(super) async fn spin_down(State(page): State<Page>) -> Json<Value> {
    Json(json!({ "environments": page.sandbox.spin_down().await }))
}
