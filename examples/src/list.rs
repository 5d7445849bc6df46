//! `GET /files?prefix=&limit=&cursor=`: the caller's files, page by page.
//!
//! `prefix` is matched against `ID/NAME`. The cursor is opaque to the client;
//! it is the last key of the page before, and one that points into somebody
//! else's files is refused.
//!
//! Log and metric: `files listed` with field `files` <-> `FilesListed` + that many.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use obs::{Error, LambdaEvent};
use serde::Serialize;
use serde_json::Value;

use crate::http_api::{self, Problem, Refusal, Request};
use crate::meter;
use crate::rim::rfc3339;
use crate::store::{List, Object, Page, StoreError};
use crate::vault::{DESCRIPTION, Vault, upload_parts};

/// Files on a page unless the client says otherwise.
pub const DEFAULT_LIMIT: usize = 20;

/// The most files on a page.
pub const MAX_LIMIT: usize = 100;

/// A page as the client sees it.
#[derive(Serialize)]
struct Listing<'a> {
    files: Vec<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// One line of a page.
#[derive(Serialize)]
struct File<'a> {
    id: &'a str,
    name: &'a str,
    size: u64,
    etag: &'a str,
    content_type: &'a str,
    uploaded_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// Handles one request.
///
/// # Errors
/// When the store fails; what the client did wrong is answered as a problem.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    http_api::answer(list(&vault, event.payload).await)
}

async fn list(vault: &Arc<Vault>, event: Value) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let request = Request::parse(event, &Method::GET)?;
    let own = request.owner.prefix();
    let limit = limit(request.query("limit"))?;
    let after = request
        .query("cursor")
        .map(|cursor| read_cursor(cursor, &own))
        .transpose()?;
    let prefix = format!("{own}{}", request.query("prefix").unwrap_or_default());
    let page = list_objects(vault, prefix, after, limit).await?;
    let files: Vec<_> = page.objects.iter().filter_map(File::of).collect();
    tracing::info!(
        files = files.len(),
        more = page.next.is_some(),
        "files listed"
    );
    metrics::counter!("FilesListed").increment(files.len() as u64);
    let cursor = page.next.as_ref().map(|key| URL_SAFE_NO_PAD.encode(key));
    http_api::json_response(StatusCode::OK, &Listing { files, cursor })
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket(), prefix = %prefix))]
async fn list_objects(
    vault: &Arc<Vault>,
    prefix: String,
    after: Option<String>,
    limit: usize,
) -> Result<Page, StoreError> {
    let work = move |vault: &Vault| {
        vault.files.list(List {
            prefix: &prefix,
            after: after.as_deref(),
            limit,
        })
    };
    vault.blocking(work).await
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    match text.map_or(Ok(DEFAULT_LIMIT), str::parse) {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Problem::bad_request(format!(
            "expected a limit from 1 to {MAX_LIMIT}"
        ))),
    }
}

fn read_cursor(cursor: &str, own: &str) -> Result<String, Problem> {
    let key = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| key.starts_with(own))
        .ok_or_else(|| Problem::bad_request("expected a cursor from an earlier page"))
}

impl<'a> File<'a> {
    fn of(object: &'a Object) -> Option<Self> {
        let (_, id, name) = upload_parts(&object.key)?;
        Some(Self {
            id,
            name,
            size: object.size,
            etag: &object.etag,
            content_type: &object.content_type,
            uploaded_at: rfc3339(object.last_modified_ms),
            description: object.user(DESCRIPTION),
        })
    }
}
