//! OTLP over HTTP, to a collector or signed to X-Ray.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use cloudvault_obs_core::redact::Redactor;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};

use super::otlp;
use crate::clock;

/// Posts spans as protobuf. It waits for the answer, at most three seconds: use
/// it with a batch processor, whose own thread does the waiting.
#[derive(Debug)]
pub struct OtlpHttpExporter {
    endpoint: String,
    signing: Option<Signing>,
    agent: ureq::Agent,
    redactor: Redactor,
    resource: ResourceAttributesWithSchema,
}

/// With which credentials a request is signed (SigV4, service `xray`).
#[derive(Debug, Clone)]
pub struct Signing {
    /// The region of the endpoint.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, which Lambda sets.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`, likewise.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, likewise.
    pub session_token: Option<String>,
}

const TIMEOUT: Duration = Duration::from_secs(3);

impl OtlpHttpExporter {
    /// To a collector: `http://localhost:4318/v1/traces`.
    #[must_use]
    pub fn to(endpoint: impl Into<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            endpoint: endpoint.into(),
            signing: None,
            agent: agent.into(),
            redactor: Redactor::default(),
            resource: ResourceAttributesWithSchema::default(),
        }
    }

    /// To X-Ray's OTLP endpoint in the region of `signing`.
    #[must_use]
    pub fn xray(signing: Signing) -> Self {
        let endpoint = format!("https://xray.{}.amazonaws.com/v1/traces", signing.region);
        Self::to(endpoint).signed(signing)
    }

    /// Signs every request.
    #[must_use]
    pub fn signed(mut self, signing: Signing) -> Self {
        self.signing = Some(signing);
        self
    }

    fn post(&self, body: &[u8]) -> Result<(), String> {
        let mut request = self
            .agent
            .post(&self.endpoint)
            .header("content-type", CONTENT_TYPE);
        if let Some(signing) = &self.signing {
            for (name, value) in signing.headers(&self.endpoint, body, clock::now())? {
                request = request.header(name, value);
            }
        }
        request
            .send(body)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

const CONTENT_TYPE: &str = "application/x-protobuf";

impl Signing {
    /// The headers that sign a POST of `body` to `endpoint` at `time`.
    pub(super) fn headers(
        &self,
        endpoint: &str,
        body: &[u8],
        time: SystemTime,
    ) -> Result<Vec<(String, String)>, String> {
        let credentials = Credentials::new(
            &self.access_key_id,
            &self.secret_access_key,
            self.session_token.clone(),
            None,
            "environment",
        );
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("xray")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let headers = std::iter::once(("content-type", CONTENT_TYPE));
        let request = SignableRequest::new("POST", endpoint, headers, SignableBody::Bytes(body))
            .map_err(|error| error.to_string())?;
        let signed = sign(request, &params.into()).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        Ok(instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

impl SpanExporter for OtlpHttpExporter {
    fn export(&self, mut spans: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        otlp::redact(&mut spans, &self.redactor);
        let result = self.post(&otlp::encode(spans, &self.resource));
        std::future::ready(result.map_err(OTelSdkError::InternalFailure))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
