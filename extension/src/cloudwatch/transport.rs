//! How requests reach CloudWatch and X-Ray: one HTTP/1.1 connection, plain or TLS,
//! kept for as long as the other end keeps it.
//!
//! AWS's own transport brings HTTP/2, a connection pool and the certificates of
//! all authorities in full: 300 kB of binary and a millisecond of start for one
//! connection to one host. Here the authorities' keys are compiled in, ready to
//! be used.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::{Request, Uri, header::HOST, uri::PathAndQuery};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

/// A connection that takes longer than this to come up is tried anew.
const CONNECT: Duration = Duration::from_secs(1);

/// One connection, and how to make it.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    /// None for a local endpoint in plain HTTP.
    tls: Option<Arc<ClientConfig>>,
    kept: Arc<Kept>,
}

/// The connection that is open and idle.
#[derive(Debug, Default)]
struct Kept(Mutex<Option<SendRequest<SdkBody>>>);

impl Transport {
    /// TLS, unless `endpoint` is plain HTTP, which is a local one. `ca_bundle`
    /// holds authorities in PEM to trust beside the compiled-in ones.
    pub(crate) fn new(endpoint: Option<&str>, ca_bundle: &[u8]) -> Self {
        let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
        Self {
            tls: (!plain).then(|| tls(ca_bundle)).flatten().map(Arc::new),
            kept: Arc::default(),
        }
    }

    /// A client without a connection yet.
    pub(super) fn connect(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.anew())
    }

    /// The same without a connection.
    pub(crate) fn anew(&self) -> Self {
        Self {
            tls: self.tls.clone(),
            kept: Arc::default(),
        }
    }

    async fn call(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(Box::new(error)))?;
        let answer = self.exchange(request).await?;
        HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
            .map_err(|error| ConnectorError::other(Box::new(error), None))
    }

    /// Sends a request whose address is a whole URL, and waits for the head of its
    /// answer.
    pub(crate) async fn exchange(
        &self,
        request: Request<SdkBody>,
    ) -> Result<http::Response<Incoming>, ConnectorError> {
        let uri = request.uri().clone();
        let mut request = origin_form(request)?;
        if let Some(mut connection) = self.kept.take() {
            // The other end may have closed it meanwhile. What was not written
            // comes back and takes a new one.
            match connection.ready().await {
                Ok(()) => match connection.try_send_request(request).await {
                    Ok(answer) => return Ok(self.answered(connection, answer)),
                    Err(mut error) => match error.take_message() {
                        Some(unsent) => request = unsent,
                        None => return Err(broken(error.into_error())),
                    },
                },
                Err(_) => drop(connection),
            }
        }
        let mut connection = timeout(CONNECT, self.open(&uri))
            .await
            .map_err(|_| refused(io::Error::from(io::ErrorKind::TimedOut)))??;
        let answer = connection.send_request(request).await.map_err(broken)?;
        Ok(self.answered(connection, answer))
    }

    /// The connection is free again when the answer's body has been read.
    fn answered(
        &self,
        connection: SendRequest<SdkBody>,
        answer: http::Response<Incoming>,
    ) -> http::Response<Incoming> {
        self.kept.put(connection);
        answer
    }

    async fn open(&self, uri: &Uri) -> Result<SendRequest<SdkBody>, ConnectorError> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(match self.tls {
            Some(_) => 443,
            None => 80,
        });
        let stream = TcpStream::connect((host, port)).await.map_err(refused)?;
        // One request is one write; waiting for more would only delay it.
        stream.set_nodelay(true).map_err(refused)?;
        match &self.tls {
            None => spoken(TokioIo::new(stream)).await,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|error| ConnectorError::user(Box::new(error)))?;
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name, stream).await.map_err(refused)?;
                spoken(TokioIo::new(stream)).await
            }
        }
    }
}

impl Kept {
    fn take(&self) -> Option<SendRequest<SdkBody>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take().filter(|connection| !connection.is_closed())
    }

    fn put(&self, connection: SendRequest<SdkBody>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().call(request))
    }
}

/// Starts the exchange on a stream that is open.
async fn spoken<S>(stream: S) -> Result<SendRequest<SdkBody>, ConnectorError>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(stream).await.map_err(broken)?;
    // It ends when its sender is gone, or the other end is.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// The path alone in the first line, and the host in its header, as HTTP/1.1 asks
/// of whoever speaks to no proxy.
fn origin_form(mut request: Request<SdkBody>) -> Result<Request<SdkBody>, ConnectorError> {
    let authority = request.uri().authority().map(ToString::to_string);
    let host = http::HeaderValue::try_from(authority.unwrap_or_default())
        .map_err(|error| ConnectorError::user(Box::new(error)))?;
    request.headers_mut().entry(HOST).or_insert(host);
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    Ok(request)
}

/// Nothing was sent.
fn refused(error: io::Error) -> ConnectorError {
    ConnectorError::io(Box::new(NeverSent(error)))
}

fn broken(error: hyper::Error) -> ConnectorError {
    ConnectorError::io(Box::new(error))
}

/// No connection came up.
#[derive(Debug, thiserror::Error)]
#[error("connect: {0}")]
struct NeverSent(#[source] io::Error);

/// Whether the failure came before the request was on the wire.
pub(crate) fn never_sent(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|cause| cause.is::<NeverSent>())
}

/// None when this platform's cryptography lacks a version of TLS, which ring does
/// not.
fn tls(ca_bundle: &[u8]) -> Option<ClientConfig> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for authority in CertificateDer::pem_slice_iter(ca_bundle).filter_map(Result::ok) {
        // What is no authority was told when the bundle was read.
        let _ = roots.add(authority);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
}

/// How many certificates of a PEM bundle can be used.
#[must_use]
pub fn usable_authorities(bundle: &[u8]) -> usize {
    let mut roots = RootCertStore::empty();
    CertificateDer::pem_slice_iter(bundle)
        .filter_map(Result::ok)
        .filter(|authority| roots.add(authority.clone()).is_ok())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_client_can_be_built_whatever_the_bundle_holds() {
        for bundle in [
            &b""[..],
            b"\xff nonsense",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(Transport::new(None, bundle).tls.is_some());
            assert_eq!(usable_authorities(bundle), 0);
        }
        assert!(
            Transport::new(Some("http://127.0.0.1:1"), b"")
                .tls
                .is_none()
        );
    }
}
