//! AWS's wire protocols, in and out.
//!
//! CloudWatch alone is spoken in three ways: the Rust SDK sends rpc-v2-cbor, boto3
//! and the AWS CLI awsJson or the query protocol, by their version. So a request is
//! read into one tree of values, whatever its protocol; the operation works on
//! that, and its answer, a tree again, is written back in the caller's protocol.

pub(crate) mod tree;
pub(crate) mod de;
mod cbor;
mod json;
mod form;
pub(crate) mod xml;
mod auth;
mod request;
mod reply;
mod fault;

pub(crate) use fault::Fault;
pub(crate) use request::{Protocol, Service};
pub(crate) use tree::Tree;

use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response};

use crate::account::{Account, operations};
use crate::store::RequestRow;

/// Answers one request to an AWS endpoint.
pub(crate) async fn handle(account: Arc<Account>, request: Request<Body>) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let (call, outcome) = match request::read(&parts, body).await {
        Ok(call) => {
            let input = call.input.clone();
            let (service, operation) = (call.service, call.operation.clone());
            let account = account.clone();
            // SQLite and the engine block; a worker thread of its own may.
            let work = move || operations::call(&account, service, &operation, input);
            let done = tokio::task::spawn_blocking(work).await;
            let done = done.unwrap_or_else(|_| Err(Fault::internal("the operation panicked")));
            (call.head(), done)
        }
        Err((head, fault)) => (head, Err(fault)),
    };
    let (status, response) = reply::write(&call, outcome, &request_id);
    log(&account, &call, status);
    response
}

/// Answers whoever opens a link of one of SNS's messages, which carries no
/// signature: `SubscribeURL` and `UnsubscribeURL`.
pub(crate) fn link(account: &Account, query: &str) -> Response<Body> {
    let mut head = request::Head {
        service: Service::Sns,
        operation: String::new(),
        protocol: Protocol::Query,
    };
    let outcome = form::decode(query.as_bytes()).and_then(|input| {
        let action = input.get("Action").and_then(Tree::as_text);
        action.unwrap_or_default().clone_into(&mut head.operation);
        match head.operation.as_str() {
            linked @ ("ConfirmSubscription" | "Unsubscribe") => {
                operations::call(account, Service::Sns, linked, input)
            }
            _ => Err(Fault::missing_token()),
        }
    });
    let request_id = uuid::Uuid::new_v4().to_string();
    let (status, response) = reply::write(&head, outcome, &request_id);
    log(account, &head, status);
    response
}

/// Notes a request in the account's log. A full disk must not turn an answer into
/// an error.
fn log(account: &Account, head: &request::Head, status: u16) {
    let _ = account.store.add_request(&RequestRow {
        time_ms: account.clock.now_ms(),
        service: head.service.as_str().to_owned(),
        operation: head.operation.clone(),
        protocol: head.protocol.as_str().to_owned(),
        status,
        write: operations::changes_configuration(&head.operation),
    });
}
