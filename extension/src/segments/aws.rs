//! PutTraceSegments: one signed request over the connection that the extension
//! makes for itself.
//!
//! AWS's own client of X-Ray would be another 200 kB of binary for one call of
//! plain JSON (AWS X-Ray, API Reference, "PutTraceSegments").

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_types::body::SdkBody;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::Document;
use crate::{
    clock::Clock,
    cloudwatch::{Class, PutError, Transport, classify, never_sent},
    config::Account,
    credentials::Credentials,
};

const PATH: &str = "/TraceSegments";
/// An answer names at most 50 documents with a sentence each.
const LONGEST_ANSWER: usize = 1 << 20;

/// X-Ray in one account and region.
pub struct XRay {
    region: String,
    url: String,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    ca_bundle: Vec<u8>,
    /// The connection, when it was first needed.
    transport: Option<Transport>,
}

/// A document that X-Ray did not take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unprocessed {
    /// Its segment's id, where X-Ray found one.
    pub(super) id: Option<String>,
    /// Why.
    #[serde(default)]
    pub(super) error_code: String,
    /// Why, in words.
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Call<'a> {
    trace_segment_documents: Vec<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    unprocessed_trace_segments: Vec<Unprocessed>,
}

impl XRay {
    /// X-Ray of `account`'s region, at `endpoint` if one is given. `ca_bundle` holds
    /// authorities in PEM to trust beside the compiled-in ones.
    #[must_use]
    pub fn new(
        account: &Account,
        endpoint: Option<&str>,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
        ca_bundle: Vec<u8>,
    ) -> Self {
        let base =
            endpoint.map_or_else(|| address(account), |url| url.trim_end_matches('/').into());
        Self {
            region: account.region.clone(),
            url: base + PATH,
            credentials,
            clock,
            ca_bundle,
            transport: None,
        }
    }

    /// Forgets the connection: it went stale while the environment was frozen.
    pub(super) fn reconnect(&mut self) {
        if let Some(transport) = &mut self.transport {
            *transport = transport.anew();
        }
    }

    /// Sends documents once, and waits at most `limit` for the answer; gives those
    /// that were not taken.
    pub(super) async fn put(
        &mut self,
        documents: &[&Document],
        limit: Duration,
    ) -> Result<Vec<Unprocessed>, PutError> {
        let Self { url, ca_bundle, .. } = self;
        let transport = self
            .transport
            .get_or_insert_with(|| Transport::new(Some(url), ca_bundle))
            .clone();
        let exchange = async {
            let request = self.request(documents).await?;
            send(transport, request).await
        };
        // Boxed: every caller would carry its kilobytes otherwise.
        let (status, code, body) = timeout(limit, Box::pin(exchange)).await.map_err(|_| {
            let message = "X-Ray did not answer in time";
            failed(Class::Unconfirmed, "NoAnswer", message)
        })??;
        if status == StatusCode::OK {
            let answer = serde_json::from_slice::<Answer>(&body);
            let answer = answer.map_err(|error| unreadable(&error))?;
            return Ok(answer.unprocessed_trace_segments);
        }
        Err(refusal(status, code, &body))
    }

    async fn request(&self, documents: &[&Document]) -> Result<Request<SdkBody>, PutError> {
        let denied = |error: &dyn std::fmt::Display| failed(Class::Denied, "NotSent", error);
        let call = Call {
            trace_segment_documents: documents.iter().map(|one| one.text.as_str()).collect(),
        };
        let body = serde_json::to_vec(&call).map_err(|error| denied(&error))?;
        let keys = self.credentials.provide_credentials().await;
        let identity = keys.map_err(|error| denied(&error))?.into();
        let now_ms = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("xray")
            .time(UNIX_EPOCH + Duration::from_millis(now_ms))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| denied(&error))?;
        let signable = SignableRequest::new(
            "POST",
            self.url.as_str(),
            std::iter::once((CONTENT_TYPE.as_str(), "application/json")),
            SignableBody::Bytes(&body),
        );
        let signed = signable.and_then(|signable| sign(signable, &params.into()));
        let (signature, _) = signed.map_err(|error| denied(&error))?.into_parts();
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(SdkBody::from(body))
            .map_err(|error| denied(&error))?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl fmt::Debug for XRay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XRay")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Status, error code and body.
type Heard = (StatusCode, Option<String>, Vec<u8>);

async fn send(transport: Transport, request: Request<SdkBody>) -> Result<Heard, PutError> {
    let answer = transport.exchange(request).await.map_err(|error| {
        if never_sent(&error) {
            failed(Class::Transient, "ConnectionFailed", &error)
        } else {
            failed(Class::Unconfirmed, "ConnectionLost", &error)
        }
    })?;
    let status = answer.status();
    let code = answer.headers().get("x-amzn-errortype");
    let code = code.and_then(|code| Some(code.to_str().ok()?.to_owned()));
    let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
    let body = body.collect().await.map_err(|error| unreadable(&error))?;
    Ok((status, code, body.to_bytes().to_vec()))
}

/// What X-Ray says of a whole request.
fn refusal(status: StatusCode, code: Option<String>, body: &[u8]) -> PutError {
    #[derive(Default, Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        kind: Option<String>,
        #[serde(alias = "Message", default)]
        message: String,
    }
    let error: Error = serde_json::from_slice(body).unwrap_or_default();
    let code = code.or(error.kind).unwrap_or_default();
    PutError {
        class: classify(&code, status.as_u16()),
        code: if code.is_empty() {
            format!("HTTP {}", status.as_u16())
        } else {
            code
        },
        message: error.message.chars().take(500).collect(),
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> PutError {
    failed(Class::Unconfirmed, "UnreadableAnswer", error)
}

fn failed(class: Class, code: &str, message: impl ToString) -> PutError {
    PutError {
        class,
        code: code.to_owned(),
        message: message.to_string().chars().take(500).collect(),
    }
}

/// X-Ray's public address in a region, after botocore's `endpoints.json`.
fn address(account: &Account) -> String {
    const PARTITIONS: [(&str, &str, &str); 6] = [
        ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
        ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ];
    let region = &account.region;
    let partition = PARTITIONS
        .iter()
        .find(|(prefix, ..)| region.starts_with(prefix));
    let (single, dual) =
        partition.map_or(("amazonaws.com", "api.aws"), |&(_, one, two)| (one, two));
    let suffix = if account.dual_stack { dual } else { single };
    let fips = if account.fips { "-fips" } else { "" };
    format!("https://xray{fips}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_address_follows_region_and_switches() {
        let check = |region: &str, switches: &[&str], expect: &str| {
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            let variables = keys.iter().map(|name| (*name, "x"));
            let variables = variables
                .chain([("AWS_REGION", region)])
                .chain(switches.iter().map(|name| (*name, "true")))
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let account = Config::read(variables).0.account.unwrap();
            assert_eq!(address(&account), expect);
        };
        check(
            "eu-central-1",
            &[],
            "https://xray.eu-central-1.amazonaws.com",
        );
        check(
            "cn-north-1",
            &[],
            "https://xray.cn-north-1.amazonaws.com.cn",
        );
        check(
            "us-gov-west-1",
            &["AWS_USE_FIPS_ENDPOINT"],
            "https://xray-fips.us-gov-west-1.amazonaws.com",
        );
        check(
            "eu-west-1",
            &["AWS_USE_DUALSTACK_ENDPOINT"],
            "https://xray.eu-west-1.api.aws",
        );
    }

    #[test]
    fn a_refusal_is_judged_by_its_code_wherever_it_stands() {
        let check = |header: Option<&str>, body: &str, class, code: &str| {
            let status = StatusCode::BAD_REQUEST;
            let refusal = refusal(status, header.map(str::to_owned), body.as_bytes());
            assert_eq!((refusal.class, refusal.code.as_str()), (class, code));
        };
        check(
            Some("ThrottledException"),
            "{}",
            Class::Throttled,
            "ThrottledException",
        );
        check(
            None,
            r#"{"__type":"InvalidRequestException","Message":"no"}"#,
            Class::Unacceptable,
            "InvalidRequestException",
        );
        check(None, "<html>", Class::Denied, "HTTP 400");
    }
}
