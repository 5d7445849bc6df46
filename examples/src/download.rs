//! `GET /files/{id}`: hands a file out.
//!
//! Up to [`INLINE_BYTES`] the bytes themselves, base64; above that, or with
//! `?as=url`, a redirect to a presigned URL. 404 for an unknown id and for
//! somebody else's file alike.
//!
//! Log and metric: `file downloaded` <-> `FilesDownloaded` +1, `BytesDownloaded`.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use http::Method;
use obs::{Error, LambdaEvent};
use serde_json::Value;

use crate::http_api::{self, Problem, Refusal, Request};
use crate::meter;
use crate::store::{self, Key, Object, StoreError};
use crate::upload::grant;
use crate::vault::{Owner, Vault};

/// The largest file that fits into a response: Lambda's payload ends at 6 MB, base64 included.
pub const INLINE_BYTES: u64 = 4 << 20;

/// How the file is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Bytes,
    Url,
}

/// Handles one request.
///
/// # Errors
/// When the store fails; what the client did wrong is answered as a problem.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    http_api::answer(download(&vault, event.payload).await)
}

async fn download(vault: &Arc<Vault>, event: Value) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let request = Request::parse(event, &Method::GET)?;
    let id = request.path_parameter("id")?;
    let (key, object) = find_object(vault, &request.owner, id).await?;
    let response = match way(request.query("as"), object.size)? {
        Way::Bytes => {
            let bytes = read_object(vault, key.clone()).await?;
            http_api::bytes_response(&object.content_type, bytes)
        }
        Way::Url => {
            let grant = grant(store::Method::Get, key.clone(), vault.clock.now_ms());
            http_api::redirect(&vault.files.presign(&grant))?
        }
    };
    tracing::info!(%key, bytes = object.size, "file downloaded");
    metrics::counter!("FilesDownloaded").increment(1);
    metrics::histogram!("BytesDownloaded").record(meter::bytes(object.size));
    Ok(response)
}

fn way(wanted: Option<&str>, size: u64) -> Result<Way, Problem> {
    match wanted {
        None | Some("bytes") if size <= INLINE_BYTES => Ok(Way::Bytes),
        None | Some("bytes" | "url") => Ok(Way::Url),
        Some(other) => Err(Problem::bad_request(format!(
            "expected as=bytes or as=url, found {other:?}"
        ))),
    }
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket(), file_id = %id))]
async fn find_object(
    vault: &Arc<Vault>,
    owner: &Owner,
    id: &str,
) -> Result<(Key, Object), StoreError> {
    let (owner, id) = (owner.clone(), id.to_owned());
    vault.blocking(move |vault| vault.find(&owner, &id)).await
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket(), key = %key))]
async fn read_object(vault: &Arc<Vault>, key: Key) -> Result<Vec<u8>, StoreError> {
    Ok(vault.blocking(move |vault| vault.files.get(&key)).await?.1)
}
