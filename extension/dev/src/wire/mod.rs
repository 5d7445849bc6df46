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
use axum::extract::ConnectInfo;
use http::{Request, Response};

use crate::account::{Account, operations};
use crate::connection::Connection;
use crate::faults::{Done, Effect};
use crate::store::RequestRow;
use request::{Call, Head};

/// Answers one request to an AWS endpoint, unless a fault strikes it.
pub(crate) async fn handle(account: Arc<Account>, request: Request<Body>) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let call = match request::read(&parts, body).await {
        Ok(call) => call,
        Err((head, fault)) => return answer(&account, &head, Err(fault), &request_id),
    };
    let now_ms = account.clock.now_ms();
    let struck = account.faults.strike(call.service, &call.operation, now_ms);
    let connection = parts.extensions.get::<ConnectInfo<Connection>>();
    let connection = connection.map(|ConnectInfo(connection)| connection);
    match struck {
        None => {}
        Some(Effect::Answer(fault)) => {
            return answer(&account, &call.head(), Err(fault), &request_id);
        }
        Some(Effect::Drip) => {
            if let Some(connection) = connection {
                connection.drip();
            }
        }
        Some(Effect::Silence(done) | Effect::Reset(done)) if done == Done::No => {
            log(&account, &call.head(), 0);
            return withheld(struck.as_ref(), connection).await;
        }
        Some(Effect::Silence(_) | Effect::Reset(_)) => {
            let (head, outcome) = carry_out(&account, call).await;
            answer(&account, &head, outcome, &request_id);
            return withheld(struck.as_ref(), connection).await;
        }
    }
    let (head, outcome) = carry_out(&account, call).await;
    answer(&account, &head, outcome, &request_id)
}

/// Runs the operation. SQLite and the engine block; a worker thread of its own may.
async fn carry_out(account: &Arc<Account>, call: Call) -> (Head, Result<Tree, Fault>) {
    let input = call.input.clone();
    let (service, operation) = (call.service, call.operation.clone());
    let account = Arc::clone(account);
    let work = move || operations::call(&account, service, &operation, input);
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|_| Err(Fault::internal("the operation panicked")));
    (call.head(), done)
}

fn answer(
    account: &Account,
    head: &Head,
    outcome: Result<Tree, Fault>,
    request_id: &str,
) -> Response<Body> {
    let (status, response) = reply::write(head, outcome, request_id);
    log(account, head, status);
    response
}

/// No answer: a connection that is reset, or one that stays silent until the caller
/// goes away.
async fn withheld(effect: Option<&Effect>, connection: Option<&Connection>) -> Response<Body> {
    if let (Some(Effect::Reset(_)), Some(connection)) = (effect, connection) {
        connection.reset();
        return Response::new(Body::empty());
    }
    std::future::pending().await
}

/// Answers whoever opens a link of one of SNS's messages, which carries no
/// signature: `SubscribeURL` and `UnsubscribeURL`.
pub(crate) fn link(account: &Account, query: &str) -> Response<Body> {
    let mut head = Head {
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
    answer(account, &head, outcome, &request_id)
}

/// Notes a request in the account's log. A full disk must not turn an answer into
/// an error.
fn log(account: &Account, head: &Head, status: u16) {
    let _ = account.store.add_request(&RequestRow {
        time_ms: account.clock.now_ms(),
        service: head.service.as_str().to_owned(),
        operation: head.operation.clone(),
        protocol: head.protocol.as_str().to_owned(),
        status,
        write: operations::changes_configuration(&head.operation),
    });
}
