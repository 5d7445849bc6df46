//! From an HTTP request to a call: which service, which operation, which protocol,
//! and the input as a tree.

use std::io::Read;

use axum::body::Body;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Limited};

use super::{Fault, Tree, auth, cbor, form, json};

/// Which service a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Metrics, alarms, dashboards.
    CloudWatch,
    /// Topics.
    Sns,
    /// Who am I.
    Sts,
    /// Traces.
    XRay,
    /// Log groups and metric filters.
    Logs,
    /// EventBridge.
    Events,
}

impl Service {
    /// All of them.
    pub(crate) const ALL: [Service; 6] = [
        Service::CloudWatch,
        Service::Sns,
        Service::Sts,
        Service::XRay,
        Service::Logs,
        Service::Events,
    ];

    /// The word in the request log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Service::CloudWatch => "cloudwatch",
            Service::Sns => "sns",
            Service::Sts => "sts",
            Service::XRay => "xray",
            Service::Logs => "logs",
            Service::Events => "events",
        }
    }

    /// The XML namespace of the query protocol.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Service::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
            Service::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Service::XRay => "http://xray.amazonaws.com/doc/2016-04-12/",
            Service::Logs => "http://logs.amazonaws.com/doc/2014-03-28/",
            Service::Events => "http://events.amazonaws.com/doc/2015-10-07/",
        }
    }

    /// How large a body may be, after it was unpacked.
    pub(crate) fn limit(self) -> usize {
        match self {
            // 50 documents of 64 kB.
            Service::XRay => 4 << 20,
            _ => 1 << 20,
        }
    }
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `smithy-protocol: rpc-v2-cbor`.
    Cbor,
    /// `X-Amz-Target`, JSON 1.0 or 1.1.
    Json,
    /// `Action=` in a form.
    Query,
    /// JSON to a path of the operation's own.
    RestJson,
}

impl Protocol {
    /// The word in the request log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Protocol::Cbor => "rpc-v2-cbor",
            Protocol::Json => "awsJson",
            Protocol::Query => "query",
            Protocol::RestJson => "rest-json",
        }
    }
}

/// What is known of a call without its input: enough to answer an error.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The service.
    pub(crate) service: Service,
    /// The operation's name.
    pub(crate) operation: String,
    /// The protocol.
    pub(crate) protocol: Protocol,
}

/// One call of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The service.
    pub(crate) service: Service,
    /// The operation's name.
    pub(crate) operation: String,
    /// The protocol.
    pub(crate) protocol: Protocol,
    /// The input.
    pub(crate) input: Tree,
}

impl Call {
    /// The call without its input.
    pub(super) fn head(self) -> Head {
        Head {
            service: self.service,
            operation: self.operation,
            protocol: self.protocol,
        }
    }
}

const TARGET: &str = "GraniteServiceVersion20100801";

/// What `X-Amz-Target` begins with at other services.
const TARGETS: [(&str, Service); 2] = [
    ("Logs_20140328.", Service::Logs),
    ("AWSEvents.", Service::Events),
];
/// X-Ray's operations whose path is their name.
const XRAY_PATHS: [&str; 7] = [
    "GetSamplingRules",
    "CreateSamplingRule",
    "UpdateSamplingRule",
    "DeleteSamplingRule",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

/// Reads a request.
pub(super) async fn read(parts: &Parts, body: Body) -> Result<Call, (Head, Fault)> {
    let mut head = head(parts);
    let scope = auth::service(parts).map_err(|fault| (head.clone(), fault))?;
    if head.protocol == Protocol::Query {
        head.service = match scope.as_str() {
            "sns" => Service::Sns,
            "sts" => Service::Sts,
            _ => Service::CloudWatch,
        };
    }
    let bytes = match bytes(parts, body, head.service.limit()).await {
        Ok(bytes) => bytes,
        Err(fault) => return Err((head, fault)),
    };
    let input = match head.protocol {
        Protocol::Cbor => cbor::decode(&bytes),
        Protocol::Json | Protocol::RestJson => json::decode(&bytes),
        Protocol::Query => form::decode(&bytes),
    };
    let input = input.map_err(|fault| (head.clone(), fault))?;
    if head.protocol == Protocol::Query {
        let action = input
            .get("Action")
            .and_then(Tree::as_text)
            .unwrap_or_default();
        action.clone_into(&mut head.operation);
    }
    if head.operation.is_empty() {
        let path = parts.uri.path();
        let fault = Fault::unknown_operation("no service", &format!("{} {path}", parts.method));
        return Err((head, fault));
    }
    Ok(Call {
        service: head.service,
        operation: head.operation,
        protocol: head.protocol,
        input,
    })
}

/// What path and headers tell.
fn head(parts: &Parts) -> Head {
    let path = parts.uri.path();
    let known = |service, operation: &str, protocol| Head {
        service,
        operation: operation.to_owned(),
        protocol,
    };
    let granite = path
        .strip_prefix("/service/")
        .and_then(|rest| rest.split_once("/operation/"));
    if let Some((TARGET, operation)) = granite {
        return known(Service::CloudWatch, operation, Protocol::Cbor);
    }
    if let Some(target) = text(&parts.headers, "x-amz-target") {
        for (prefix, service) in TARGETS {
            if let Some(operation) = target.strip_prefix(prefix) {
                return known(service, operation, Protocol::Json);
            }
        }
        // Another service's target keeps its whole name, which nothing answers to.
        let operation = target
            .strip_prefix(TARGET)
            .and_then(|rest| rest.strip_prefix('.'));
        return known(
            Service::CloudWatch,
            operation.unwrap_or(target),
            Protocol::Json,
        );
    }
    let posted = parts.method == Method::POST;
    match path {
        "/TraceSegments" if posted => known(Service::XRay, "PutTraceSegments", Protocol::RestJson),
        "/TraceSummaries" if posted => {
            known(Service::XRay, "GetTraceSummaries", Protocol::RestJson)
        }
        "/Traces" if posted => known(Service::XRay, "BatchGetTraces", Protocol::RestJson),
        "/TelemetryRecords" if posted => {
            known(Service::XRay, "PutTelemetryRecords", Protocol::RestJson)
        }
        "/SamplingTargets" if posted => {
            known(Service::XRay, "GetSamplingTargets", Protocol::RestJson)
        }
        "/" => known(Service::CloudWatch, "", Protocol::Query),
        named if posted && XRAY_PATHS.contains(&named.trim_start_matches('/')) => known(
            Service::XRay,
            named.trim_start_matches('/'),
            Protocol::RestJson,
        ),
        // X-Ray is the only service here whose operations are paths.
        other => known(Service::XRay, other, Protocol::RestJson),
    }
}

fn text(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn bytes(parts: &Parts, body: Body, limit: usize) -> Result<Vec<u8>, Fault> {
    let collected = Limited::new(body, limit).collect().await;
    let packed = collected.map_err(|_| Fault::too_large(limit))?.to_bytes();
    match text(&parts.headers, CONTENT_ENCODING) {
        None | Some("identity" | "aws-chunked") => Ok(packed.to_vec()),
        Some("gzip") => gunzip(&packed, limit),
        Some(other) => {
            let kind = text(&parts.headers, CONTENT_TYPE).unwrap_or("no content type");
            Err(Fault::serialization(format!(
                "the body ({kind}) is encoded with {other}; gzip or none is taken"
            )))
        }
    }
}

/// Unpacks no further than the limit, however much the packed bytes would give.
fn gunzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::GzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut plain)
        .map_err(|error| Fault::serialization(format!("the body is not gzip: {error}")))?;
    if plain.len() > limit {
        return Err(Fault::too_large(limit));
    }
    Ok(plain)
}
