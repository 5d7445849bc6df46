//! Watches how far a request has come: whether it was written, and whether its
//! answer has begun.
//!
//! A request that fails after it was written may have been taken, and a second
//! one may count twice; one that failed before it was written may be repeated
//! without a thought. AWS's client does not tell the two apart.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

/// The header that CloudWatch's answers carry, and no proxy's.
const PROTOCOL: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");

/// How far the request on its way has come. One is at a time.
#[derive(Debug, Default)]
pub(super) struct Wire {
    written: AtomicBool,
    took: AtomicBool,
}

impl Wire {
    /// A request begins.
    pub(super) fn begin(&self) {
        self.written.store(false, Ordering::Relaxed);
        self.took.store(false, Ordering::Relaxed);
    }

    /// Whether its body was asked for: that is after the connection came up.
    pub(super) fn written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }

    /// Whether CloudWatch's 200 came, even if its body did not.
    pub(super) fn took(&self) -> bool {
        self.took.load(Ordering::Relaxed)
    }
}

/// An HTTP client that notes on a [`Wire`] what happens.
#[derive(Debug)]
pub(super) struct Watched {
    client: SharedHttpClient,
    wire: Arc<Wire>,
}

impl Watched {
    pub(super) fn new(client: SharedHttpClient, wire: Arc<Wire>) -> Self {
        Self { client, wire }
    }
}

impl HttpClient for Watched {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            connector: self.client.http_connector(settings, components),
            wire: Arc::clone(&self.wire),
        })
    }
}

#[derive(Debug)]
struct Connector {
    connector: SharedHttpConnector,
    wire: Arc<Wire>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = Arc::clone(&self.wire);
        let request = request.map(|body| {
            let wire = Arc::clone(&wire);
            SdkBody::from_body_1_x(body.map_frame(move |frame| {
                wire.written.store(true, Ordering::Relaxed);
                frame
            }))
        });
        let (wire, answer) = (Arc::clone(&self.wire), self.connector.call(request));
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let ours = answer.headers().get(PROTOCOL.0) == Some(PROTOCOL.1);
            wire.took
                .store(ours && answer.status().as_u16() == 200, Ordering::Relaxed);
            Ok(answer)
        })
    }
}
