//! What an extension asks of the Telemetry API, checked as Lambda checks it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;

use super::event::Kind;

/// A valid subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// What is wanted, each once.
    pub(crate) types: Vec<Kind>,
    /// When a batch is sent.
    pub(crate) buffering: Buffering,
    /// Where to; always on this machine.
    pub(crate) address: SocketAddr,
    /// `host:port` and path as the extension wrote them.
    pub(crate) host: String,
    /// Path, `/` at least.
    pub(crate) path: String,
}

/// A batch is sent at the first of three limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffering {
    /// Events, 1000 to 10,000.
    pub(crate) max_items: usize,
    /// Bytes, 262,144 to 1,048,576.
    pub(crate) max_bytes: usize,
    /// Age of the oldest, 25 ms to 30 s.
    pub(crate) timeout: Duration,
}

/// Why a subscription is refused; the text goes to the extension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

impl Subscription {
    /// Parses the body of `PUT /2022-07-01/telemetry`.
    pub(crate) fn parse(body: &[u8]) -> Result<Subscription, Refused> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Refused(format!("the body is not valid JSON: {error}")))?;
        let version = body["schemaVersion"].as_str().unwrap_or_default();
        if !["2022-07-01", "2022-12-13", "2025-01-29"].contains(&version) {
            return Err(Refused(format!("unknown schemaVersion {version:?}")));
        }
        let types = types(&body["types"])?;
        let buffering = buffering(&body["buffering"])?;
        let (host, port, path) = destination(&body["destination"])?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Subscription {
            types,
            buffering,
            address,
            host: format!("{host}:{port}"),
            path,
        })
    }
}

fn types(value: &Value) -> Result<Vec<Kind>, Refused> {
    let mut kinds = Vec::new();
    for kind in value.as_array().map(Vec::as_slice).unwrap_or_default() {
        let known = kind.as_str().and_then(Kind::parse);
        let known = known.ok_or_else(|| {
            Refused(format!(
                "type {kind} is not platform, function or extension"
            ))
        })?;
        if !kinds.contains(&known) {
            kinds.push(known);
        }
    }
    if kinds.is_empty() {
        return Err(Refused("types names nothing".to_owned()));
    }
    Ok(kinds)
}

fn buffering(value: &Value) -> Result<Buffering, Refused> {
    let field = |name: &str, default: u64, low: u64, high: u64| match &value[name] {
        Value::Null => Ok(default),
        given => given
            .as_u64()
            .filter(|given| (low..=high).contains(given))
            .ok_or_else(|| {
                Refused(format!(
                    "buffering.{name} is {given}, not from {low} to {high}"
                ))
            }),
    };
    Ok(Buffering {
        max_items: field("maxItems", 10_000, 1000, 10_000)? as usize,
        max_bytes: field("maxBytes", 262_144, 262_144, 1_048_576)? as usize,
        timeout: Duration::from_millis(field("timeoutMs", 1000, 25, 30_000)?),
    })
}

/// Host, port and path of a destination on this machine.
fn destination(value: &Value) -> Result<(String, u16, String), Refused> {
    let protocol = value["protocol"].as_str().unwrap_or_default();
    if protocol != "HTTP" {
        return Err(Refused(format!(
            "destination.protocol {protocol:?} is not HTTP"
        )));
    }
    let uri = value["URI"].as_str().unwrap_or_default();
    let wrong = || {
        Refused(format!(
            "destination.URI {uri:?} is not http://sandbox.localdomain:PORT or \
             http://127.0.0.1:PORT"
        ))
    };
    let uri: http::Uri = uri.parse().map_err(|_| wrong())?;
    let host = uri.host().unwrap_or_default();
    let local = ["sandbox.localdomain", "sandbox", "127.0.0.1", "localhost"].contains(&host);
    let port = uri.port_u16().filter(|port| *port != 0);
    match (uri.scheme_str(), local, port) {
        (Some("http"), true, Some(port)) => {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            Ok((host.to_owned(), port, path.to_owned()))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body() -> Value {
        json!({
            "schemaVersion": "2025-01-29",
            "types": ["platform", "function", "platform"],
            "buffering": {"maxItems": 1000, "maxBytes": 262_144, "timeoutMs": 25},
            "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243/t"},
        })
    }

    #[test]
    fn lambdas_host_name_means_this_machine() {
        let got = Subscription::parse(body().to_string().as_bytes()).expect("valid");
        assert_eq!(got.types, [Kind::Platform, Kind::Function]);
        assert_eq!(got.address.to_string(), "127.0.0.1:4243");
        assert_eq!(
            (got.host.as_str(), got.path.as_str()),
            ("sandbox.localdomain:4243", "/t")
        );
        assert_eq!(got.buffering.timeout, Duration::from_millis(25));
    }

    #[test]
    fn what_is_left_out_has_lambdas_default() {
        let mut body = body();
        body["buffering"] = Value::Null;
        body["destination"]["URI"] = json!("http://127.0.0.1:80");
        let got = Subscription::parse(body.to_string().as_bytes()).expect("valid");
        let timeout = Duration::from_secs(1);
        let expect = Buffering {
            max_items: 10_000,
            max_bytes: 262_144,
            timeout,
        };
        assert_eq!((got.buffering, got.path.as_str()), (expect, "/"));
    }

    #[test]
    fn a_bad_subscription_is_refused_with_its_reason() {
        let check = |pointer: &str, value: Value, expect: &str| {
            let mut body = body();
            *body.pointer_mut(pointer).expect("a field") = value;
            let error = Subscription::parse(body.to_string().as_bytes()).expect_err(pointer);
            assert!(error.to_string().contains(expect), "{error}");
        };
        check("/schemaVersion", json!("2020"), "schemaVersion");
        check("/types", json!([]), "names nothing");
        check("/types", json!(["metrics"]), "metrics");
        check("/buffering/maxItems", json!(10), "from 1000 to 10000");
        check("/buffering/timeoutMs", json!("25"), "from 25 to 30000");
        check("/destination/protocol", json!("TCP"), "not HTTP");
        check(
            "/destination/URI",
            json!("http://example.com:80"),
            "sandbox.localdomain",
        );
        check(
            "/destination/URI",
            json!("https://127.0.0.1:80"),
            "sandbox.localdomain",
        );
        check(
            "/destination/URI",
            json!("http://127.0.0.1"),
            "sandbox.localdomain",
        );
        assert!(Subscription::parse(b"{").is_err());
    }
}
