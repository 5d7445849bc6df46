//! A server in the test's process that keeps what it is asked, so that real
//! clients can be watched on the wire.
//!
//! The tests stand in a crate of their own for what they cost to build: five AWS
//! SDK clients that the library's own tests have no use for.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET` and the like.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// As they came.
    pub headers: http::HeaderMap,
    /// As text.
    pub body: String,
}

impl Asked {
    /// A header, empty where it is missing.
    ///
    /// # Panics
    ///
    /// Where it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.unwrap_or(Ok("")).expect("text")
    }
}

/// Where clients are sent, and what they asked.
#[derive(Debug)]
pub struct Server {
    /// A port of the loopback.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Begins to answer on the current runtime.
    ///
    /// # Panics
    ///
    /// Where the loopback has no port left.
    pub async fn start(answer: fn(&Asked) -> Response<Full<Bytes>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let serve = service_fn(move |request| answered(request, Arc::clone(&kept), answer));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), serve));
            }
        });
        Self { address, asked }
    }

    /// What was asked since the last call.
    ///
    /// # Panics
    ///
    /// Where an answer has panicked.
    #[must_use]
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().expect("no panic"))
    }
}

async fn answered(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Asked>>>,
    answer: fn(&Asked) -> Response<Full<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
    };
    let answer = answer(&asked);
    kept.lock().expect("no panic").push(asked);
    Ok(answer)
}
