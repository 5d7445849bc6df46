//! `POST /files`: stores a file, or lets the client store it.
//!
//! A `multipart/form-data` body with a `file` and an optional `metadata` part
//! is stored at once: 201 with id, key, size, ETag and URL. A JSON body
//! `{name, content_type, metadata}` asks for a presigned URL instead.
//!
//! Either way the object carries the uploader's correlation id and trace
//! header as user metadata; that is how `thumbnail`, two hops later, logs and
//! traces under the id of the upload.
//!
//! Log and metric: `file uploaded` <-> `FilesUploaded` +1, `BytesUploaded`.
//! A presigned URL logs `upload url issued` and counts nothing: no file is here yet.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use bytes::Bytes;
use http::{Method, StatusCode};
use multer::{Constraints, Multipart, SizeLimit};
use obs::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http_api::{self, Problem, Refusal, Request};
use crate::meter;
use crate::rim::rfc3339;
use crate::store::{self, Grant, Key, Object, Put, StoreError};
use crate::vault::{CORRELATION_ID, DESCRIPTION, EXPIRES_AT, Owner, TRACE_HEADER, Vault};

/// The largest body that is read; Lambda's payload ends at 6 MB, base64 included.
const MAX_BODY_BYTES: u64 = 6 << 20;

/// The largest `metadata` part.
const MAX_METADATA_BYTES: u64 = 4 << 10;

/// How long a presigned URL is good: 15 minutes.
pub const URL_LIFE_MS: i64 = 15 * 60_000;

/// What the client may say about a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    description: Option<String>,
    expires_in_seconds: Option<u32>,
}

/// A JSON body: the client will store the file itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    content_type: String,
    #[serde(default)]
    metadata: Metadata,
}

/// What a form holds.
#[derive(Debug)]
struct Form {
    name: String,
    content_type: String,
    bytes: Bytes,
    metadata: Metadata,
}

/// Handles one request.
///
/// # Errors
/// When the store fails; what the client did wrong is answered as a problem.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    http_api::answer(upload(&vault, event.payload).await)
}

async fn upload(vault: &Arc<Vault>, event: Value) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let request = Request::parse(event, &Method::POST)?;
    let id = Uuid::now_v7();
    match multer::parse_boundary(request.content_type()) {
        Ok(boundary) => {
            let form = read_form(boundary, request.body).await?;
            store_form(vault, &request.owner, id, form).await
        }
        Err(_) if request.content_type().starts_with("application/json") => {
            issue_url(vault, &request.owner, id, request.json()?)
        }
        Err(_) => {
            let detail = "expected multipart/form-data with a boundary, or application/json";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into())
        }
    }
}

/// Reads the two parts of the form, each within its bound.
async fn read_form(boundary: String, body: Vec<u8>) -> Result<Form, Problem> {
    let limits = SizeLimit::new()
        .whole_stream(MAX_BODY_BYTES)
        .for_field("metadata", MAX_METADATA_BYTES);
    let constraints = Constraints::new()
        .allowed_fields(vec!["file", "metadata"])
        .size_limit(limits);
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from(body))]);
    let mut parts = Multipart::with_constraints(stream, boundary, constraints);
    let (mut file, mut metadata) = (None, Metadata::default());
    while let Some(part) = parts.next_field().await.map_err(problem)? {
        if part.name() == Some("metadata") {
            let text = part.bytes().await.map_err(problem)?;
            metadata = serde_json::from_slice(&text).map_err(|error| {
                Problem::bad_request(format!("failed to read the metadata part: {error}"))
            })?;
        } else {
            let name = part.file_name().unwrap_or_default().to_owned();
            let content_type = part
                .content_type()
                .map_or("application/octet-stream", AsRef::as_ref)
                .to_owned();
            file = Some((name, content_type, part.bytes().await.map_err(problem)?));
        }
    }
    let (name, content_type, bytes) =
        file.ok_or_else(|| Problem::bad_request("expected a part named \"file\""))?;
    Ok(Form {
        name,
        content_type,
        bytes,
        metadata,
    })
}

fn problem(error: multer::Error) -> Problem {
    let status = match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, format!("failed to read the form: {error}"))
}

async fn store_form(
    vault: &Arc<Vault>,
    owner: &Owner,
    id: Uuid,
    form: Form,
) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let key = new_key(owner, id, &form.name)?;
    let object = store_object(vault, key.clone(), form).await?;
    tracing::info!(%key, bytes = object.size, "file uploaded");
    metrics::counter!("FilesUploaded").increment(1);
    metrics::histogram!("BytesUploaded").record(meter::bytes(object.size));
    let grant = grant(store::Method::Get, key, vault.clock.now_ms());
    let body = json!({
        "id": id.to_string(),
        "key": object.key,
        "size": object.size,
        "etag": object.etag,
        "url": vault.files.presign(&grant),
    });
    http_api::json_response(StatusCode::CREATED, &body)
}

/// One span, so one subsegment: the time S3 takes. The trace header is taken
/// inside it, so that what follows from the object hangs below this subsegment.
#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket(), key = %key))]
async fn store_object(vault: &Arc<Vault>, key: Key, form: Form) -> Result<Object, StoreError> {
    let user = stamp(form.metadata, vault.clock.now_ms());
    let work = move |vault: &Vault| {
        vault.files.put(Put {
            key: &key,
            bytes: &form.bytes,
            content_type: &form.content_type,
            user: &user,
            trace_header: user.get(TRACE_HEADER).map(String::as_str),
        })
    };
    vault.blocking(work).await
}

fn issue_url(
    vault: &Vault,
    owner: &Owner,
    id: Uuid,
    wish: Wish,
) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let key = new_key(owner, id, &wish.name)?;
    let now = vault.clock.now_ms();
    let mut grant = grant(store::Method::Put, key.clone(), now);
    grant.content_type = wish.content_type;
    grant.user = stamp(wish.metadata, now);
    tracing::info!(%key, "upload url issued");
    let body = json!({
        "id": id.to_string(),
        "key": key.as_str(),
        "method": "PUT",
        "url": vault.files.presign(&grant),
        "expires_at": rfc3339(grant.expires_ms),
    });
    http_api::json_response(StatusCode::OK, &body)
}

/// The permission to read or write one object for [`URL_LIFE_MS`].
pub(crate) fn grant(method: store::Method, key: Key, now_ms: i64) -> Grant {
    Grant {
        method,
        key,
        expires_ms: now_ms.saturating_add(URL_LIFE_MS),
        content_type: String::new(),
        user: BTreeMap::new(),
    }
}

/// Browsers may send a whole path as the file's name; only its last part is kept.
fn new_key(owner: &Owner, id: Uuid, name: &str) -> Result<Key, Problem> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Key::parse(&format!("{}{id}/{name}", owner.prefix())).map_err(|error| {
        Problem::bad_request(format!("failed to use the file name {name:?}: {error}"))
    })
}

/// The object's user metadata: what the client says, and who caused the upload.
fn stamp(metadata: Metadata, now_ms: i64) -> BTreeMap<String, String> {
    let mut user = BTreeMap::new();
    if let Some(description) = metadata.description {
        user.insert(DESCRIPTION.to_owned(), description);
    }
    if let Some(seconds) = metadata.expires_in_seconds {
        let expires = now_ms.saturating_add(i64::from(seconds) * 1_000);
        user.insert(EXPIRES_AT.to_owned(), expires.to_string());
    }
    if let Some(outbound) = obs::propagation::current() {
        user.insert(CORRELATION_ID.to_owned(), outbound.correlation_id);
        // Empty where the invocation is not traced.
        if !outbound.trace_header.is_empty() {
            user.insert(TRACE_HEADER.to_owned(), outbound.trace_header);
        }
    }
    user
}
