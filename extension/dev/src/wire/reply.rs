//! From an outcome to an HTTP response in the caller's protocol.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode};

use super::request::Head;
use super::{Fault, Protocol, Tree, cbor, json, xml};

/// CloudWatch's shapes live in this Smithy namespace.
const SHAPES: &str = "com.amazonaws.cloudwatch.v2010_08_01";

/// Writes the answer; gives its status beside it for the request log.
pub(super) fn write(
    head: &Head,
    outcome: Result<Tree, Fault>,
    request_id: &str,
) -> (u16, Response<Body>) {
    let (status, body) = match &outcome {
        Ok(result) => (200, result_body(head, result, request_id)),
        Err(fault) => (fault.status, fault_body(head, fault, request_id)),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(head.protocol)),
    );
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("x-amzn-requestid", request_id);
    if head.protocol == Protocol::Cbor {
        set("smithy-protocol", "rpc-v2-cbor");
    }
    if let Err(fault) = &outcome {
        match head.protocol {
            // Clients that grew up with the query protocol look for its codes.
            Protocol::Cbor | Protocol::Json => {
                set(
                    "x-amzn-query-error",
                    &format!("{};{}", fault.code, fault.side()),
                );
            }
            Protocol::RestJson => set("x-amzn-errortype", fault.shape),
            Protocol::Query => {}
        }
    }
    (status, response)
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Cbor => "application/cbor",
        Protocol::Json => "application/x-amz-json-1.0",
        Protocol::Query => "text/xml",
        Protocol::RestJson => "application/json",
    }
}

fn result_body(head: &Head, result: &Tree, request_id: &str) -> Vec<u8> {
    // The query protocol leaves out the result of an operation without one; the
    // others send a structure with no members.
    let empty = Tree::empty();
    let structure = if *result == Tree::Null {
        &empty
    } else {
        result
    };
    match head.protocol {
        Protocol::Cbor => cbor::encode(structure),
        Protocol::Json | Protocol::RestJson => json::encode(structure),
        Protocol::Query => xml::encode(head.service, &head.operation, result, request_id),
    }
}

fn fault_body(head: &Head, fault: &Fault, request_id: &str) -> Vec<u8> {
    let described = |kind: String, message: &str| -> Tree {
        let fields = Tree::fields()
            .set("__type", kind)
            .set(message, fault.message.as_str());
        fields.all_of(fault.details.clone()).into()
    };
    match head.protocol {
        Protocol::Cbor => cbor::encode(&described(format!("{SHAPES}#{}", fault.shape), "message")),
        Protocol::Json => json::encode(&described(format!("{SHAPES}#{}", fault.shape), "message")),
        Protocol::RestJson => json::encode(&described(fault.shape.to_owned(), "Message")),
        Protocol::Query => xml::encode_fault(head.service, fault, request_id),
    }
}
