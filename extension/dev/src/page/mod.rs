//! The web page of the local account: its assets, its JSON under `/api/`, and the
//! stream of events that keeps it current.
//!
//! The handlers are thin: a question is read into typed values ([`ask`]), answered
//! from the store, the sandbox or the engine ([`listing`], [`alarms`],
//! [`dashboards`]), and written as JSON ([`reply`]). The page itself is TypeScript
//! under `extension/dev/page`, whose bundle is committed in `assets/` and embedded
//! here, so that building this crate needs no Node.

mod assets;
mod ask;
mod reply;
mod listing;
mod alarms;
mod dashboards;
mod events;
mod faults;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{delete, get, post};

use crate::account::Account;
use crate::sandbox::Sandbox;

/// What every handler can ask.
#[derive(Clone)]
struct Page {
    account: Arc<Account>,
    sandbox: Arc<Sandbox>,
}

/// `GET /`, `GET /assets/*` and everything under `/api/`.
pub(crate) fn router(account: Arc<Account>, sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{name}", get(assets::asset))
        .route("/api/logs", get(listing::logs))
        .route("/api/traces", get(listing::traces))
        .route("/api/traces/{trace_id}", get(listing::trace))
        .route("/api/dashboards", get(dashboards::list))
        .route("/api/dashboards/{name}", get(dashboards::show))
        .route("/api/alarms", get(alarms::list))
        .route("/api/notifications", get(listing::notifications))
        .route("/api/functions", get(listing::functions))
        .route("/api/requests", get(listing::requests))
        .route("/api/summary", get(listing::summary))
        .route("/api/spin-down", post(listing::spin_down))
        .route(
            "/api/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/api/faults/{id}", delete(faults::remove))
        .route("/api/events", get(events::stream))
        .layer(map_response(reply::harden))
        .with_state(Page { account, sandbox })
}
