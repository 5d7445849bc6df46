//! Spans: the programs of `twin.py`'s `trace`, line for line.

use std::{error::Error as StdError, fmt};

use obs::{Error, LambdaEvent};
use serde_json::{Value, json};
use tracing::info_span;

pub(crate) async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["program"].as_str() {
        Some("blocks") => blocks(),
        Some("flags") => flags(),
        Some("names") => names(),
        Some("concurrent") => concurrent().await,
        Some("errors") => errors(),
        Some("failure") => return Err(full().into()),
        Some("outbound") => return Ok(outbound()),
        _ => return Err("find the program".into()),
    }
    Ok(json!({"done": true}))
}

/// One span for each kind of block that a document has, and spans in spans.
fn blocks() {
    info_span!(
        "order",
        case = 1,
        order_id = "o-1",
        items = 3,
        price = 12.5,
        vip = true,
        metadata.payment.card = "visa",
        metadata.payment.attempts = 2,
        metadata.note = "by hand",
    )
    .in_scope(|| {
        info_span!("outer", case = 2)
            .in_scope(|| info_span!("middle", case = 3).in_scope(|| info_span!("inner", case = 4)));
    });
    info_span!(
        "call",
        case = 5,
        otel.kind = "client",
        otel.name = "example.com",
        http.request.method = "GET",
        url.full = "https://example.com/x?y=1",
        user_agent.original = "agent/1",
        http.response.status_code = 200,
        http.response.body.size = 12,
    );
    info_span!(
        "store",
        case = 6,
        otel.name = "dynamodb",
        rpc.system = "aws-api",
        rpc.method = "PutItem",
        aws.region = "eu-west-1",
        aws.request_id = "R1",
        aws.table_name = "files",
        aws.retries = 1,
        http.response.status_code = 200,
    );
    info_span!(
        "query",
        case = 7,
        db.system.name = "postgresql",
        db.query.text = "select 1",
        db.user = "reader",
        server.address = "db.example.com",
        server.port = 5432,
        db.namespace = "orders",
    );
}

/// One span for each HTTP status.
fn flags() {
    for (case, status) in [(1, 200), (2, 302), (3, 404), (4, 429), (5, 500), (6, 503)] {
        info_span!(
            "call",
            case,
            otel.kind = "client",
            http.response.status_code = status,
        );
    }
}

/// Names, keys and values on and over X-Ray's limits.
fn names() {
    for (case, name) in [
        (1, "plain_name.1:/%&#=+-@".to_owned()),
        (2, "Żółta łódź 1".to_owned()),
        (3, "what? (really)*!".to_owned()),
        (4, "n".repeat(200)),
        (5, "n".repeat(250)),
    ] {
        info_span!("named", case, otel.name = name);
    }
    info_span!("annotated", case = 6, unicode = "żółć", order.id = 7);
    info_span!("annotated", case = 7, fits = "v".repeat(1000));
    info_span!("annotated", case = 8, long = "v".repeat(1200));
}

/// Three siblings that run by turns, each with a child.
async fn concurrent() {
    async fn child(case: i64) {
        tokio::task::yield_now().await;
        let child = info_span!("child", case = case + 10);
        tracing::Instrument::instrument(tokio::task::yield_now(), child).await;
    }
    let sibling =
        |case: i64| tracing::Instrument::instrument(child(case), info_span!("sibling", case));
    tokio::join!(sibling(1), sibling(2), sibling(3));
}

/// An error that the handler gets over, and one of a service it called.
fn errors() {
    info_span!("kept", case = 1).in_scope(|| {
        tracing::error!(error = &full() as &dyn StdError, "kept");
    });
    info_span!("plain", case = 2).in_scope(|| {
        tracing::error!(error = &Refused as &dyn StdError, "plain");
    });
}

/// What a call made now would send, in both spellings.
fn outbound() -> Value {
    let outbound = obs::propagation::current();
    json!({
        "x_ray": outbound.as_ref().map(|outbound| &outbound.trace_header),
        "w3c": outbound.as_ref().and_then(obs::propagation::Outbound::traceparent),
    })
}

fn full() -> Full {
    Full(Refused)
}

#[derive(Debug)]
struct Full(Refused);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is full")
    }
}

impl StdError for Full {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room on the disk")
    }
}

impl StdError for Refused {}
