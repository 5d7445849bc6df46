//! The account's faults, changed while it runs: `GET`, `POST` and `DELETE
//! /api/faults`, `DELETE /api/faults/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Page;
use super::reply::Refusal;
use crate::faults::FaultRule;

/// `GET /api/faults`: every rule, with what it struck.
pub(super) async fn list(State(page): State<Page>) -> Json<Value> {
    let now_ms = page.account.clock.now_ms();
    Json(json!({ "faults": page.account.faults.list(now_ms) }))
}

/// `POST /api/faults` with `{"fault": "cloudwatch:PutMetricData=throttle:30%"}`:
/// adds a rule and answers its number.
pub(super) async fn add(
    State(page): State<Page>,
    body: axum::body::Bytes,
) -> Result<Json<Value>, Refusal> {
    let asked: Option<Value> = serde_json::from_slice(&body).ok();
    let text = asked.as_ref().and_then(|asked| asked["fault"].as_str());
    let text = text.ok_or_else(|| {
        Refusal::bad(
            "failed to read the fault: expected {\"fault\": \"cloudwatch:PutMetricData=throttle:30%\"}",
        )
    })?;
    let rule: FaultRule = text
        .parse()
        .map_err(|error| Refusal::bad(format!("failed to {error}")))?;
    let now_ms = page.account.clock.now_ms();
    let id = page.account.faults.add(rule, now_ms);
    let id = id.ok_or_else(|| Refusal::bad("failed to add a fault: take one of 100 away first"))?;
    Ok(Json(json!({ "id": id })))
}

/// `DELETE /api/faults`: nothing fails on purpose any more.
pub(super) async fn clear(State(page): State<Page>) -> Json<Value> {
    Json(json!({ "removed": page.account.faults.clear() }))
}

/// `DELETE /api/faults/{id}`: takes one rule away.
pub(super) async fn remove(
    State(page): State<Page>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let number = id.parse().ok();
    if number.is_some_and(|number| page.account.faults.remove(number)) {
        return Ok(Json(json!({ "removed": 1 })));
    }
    Err(Refusal::unknown("fault", &id))
}
