//! `POST /files/{id}/share` with `{with, days}`: puts a share on the `shares`
//! queue, for whoever tells the person it is meant for.
//!
//! The message carries the correlation id as the attribute `correlation-id`
//! and the trace header as `AWSTraceHeader`, so the consumer's logs and trace
//! continue this request's.
//!
//! Log and metric: `share created` <-> `SharesCreated` +1.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use http::{Method, StatusCode};
use obs::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http_api::{self, Problem, Refusal, Request};
use crate::meter;
use crate::queue::{Outgoing, QueueError};
use crate::rim::rfc3339;
use crate::store::{self, Key, StoreError};
use crate::upload::grant;
use crate::vault::{Owner, Vault};

/// The message attribute that carries the correlation id.
pub const CORRELATION_ATTRIBUTE: &str = obs::propagation::ATTRIBUTE;

/// The longest a share lasts.
const MAX_DAYS: u32 = 30;

/// The body of the request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    with: String,
    days: u32,
}

/// Handles one request.
///
/// # Errors
/// When store or queue fail; what the client did wrong is answered as a problem.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    http_api::answer(share(&vault, event.payload).await)
}

async fn share(vault: &Arc<Vault>, event: Value) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let request = Request::parse(event, &Method::POST)?;
    let wish = check(request.json()?)?;
    let key = find_object(vault, &request.owner, request.path_parameter("id")?).await?;
    let share_id = Uuid::now_v7().to_string();
    let mut grant = grant(store::Method::Get, key.clone(), vault.clock.now_ms());
    grant.expires_ms = vault
        .clock
        .now_ms()
        .saturating_add(i64::from(wish.days) * 86_400_000);
    let expires_at = rfc3339(grant.expires_ms);
    let body = json!({
        "share_id": share_id,
        "key": key.as_str(),
        "with": wish.with,
        "url": vault.files.presign(&grant),
        "expires_at": expires_at,
    });
    let message_id = send_message(vault, body.to_string()).await?;
    tracing::info!(%key, share_id, message_id, "share created");
    metrics::counter!("SharesCreated").increment(1);
    let answer = json!({"share_id": share_id, "message_id": message_id, "expires_at": expires_at});
    http_api::json_response(StatusCode::ACCEPTED, &answer)
}

fn check(wish: Wish) -> Result<Wish, Problem> {
    let address = wish
        .with
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !address || wish.with.len() > 254 {
        return Err(Problem::bad_request(
            "expected an e-mail address in \"with\"",
        ));
    }
    if !(1..=MAX_DAYS).contains(&wish.days) {
        return Err(Problem::bad_request(format!(
            "expected \"days\" from 1 to {MAX_DAYS}"
        )));
    }
    Ok(wish)
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket(), file_id = %id))]
async fn find_object(vault: &Arc<Vault>, owner: &Owner, id: &str) -> Result<Key, StoreError> {
    let (owner, id) = (owner.clone(), id.to_owned());
    Ok(vault
        .blocking(move |vault| vault.find(&owner, &id))
        .await?
        .0)
}

/// Inside its own span, so that the consumer's trace hangs below this subsegment.
#[tracing::instrument(skip_all, fields(queue = %vault.shares.name()))]
async fn send_message(vault: &Arc<Vault>, body: String) -> Result<String, QueueError> {
    let outbound = obs::propagation::current();
    let work = move |vault: &Vault| {
        let attributes: BTreeMap<_, _> = outbound
            .iter()
            .flat_map(obs::propagation::Outbound::attributes)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        // Empty where the invocation is not traced.
        let trace_header = outbound
            .as_ref()
            .map(|outbound| outbound.trace_header.as_str())
            .filter(|header| !header.is_empty());
        vault.shares.send(Outgoing {
            body: &body,
            attributes: &attributes,
            trace_header,
        })
    };
    vault.blocking(work).await
}
