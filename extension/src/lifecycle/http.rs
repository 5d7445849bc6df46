//! One HTTP request on a connection of its own.
//!
//! The Extensions API is on this machine, so a connection costs little, and one
//! that was open while the environment was frozen is never trusted again. There
//! is no timeout here: `/event/next` answers when there is an event.

use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Answers are small; more than this is not from the Extensions API.
const MOST_BYTES: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody listens there.
    #[error("connect to {0}: {1}")]
    Connect(String, std::io::Error),
    /// The exchange broke off.
    #[error("exchange with {0}: {1}")]
    Exchange(String, hyper::Error),
    /// The request cannot be written.
    #[error("write the request: {0}")]
    Request(#[from] http::Error),
    /// The answer's body broke off or is too long.
    #[error("read the answer: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// Sends `request` to `api` and reads the whole answer. Lambda gives `api` as
/// host and port; emulators may put `http://` before it and a path behind.
///
/// # Errors
///
/// When there is no whole answer.
pub async fn send(
    api: &str,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, HttpError> {
    let (authority, base) = parts(api);
    if !base.is_empty() {
        let below = format!("{base}{}", request.uri().path());
        *request.uri_mut() = http::Uri::try_from(below).map_err(http::Error::from)?;
    }
    let host = http::HeaderValue::from_str(authority).map_err(http::Error::from)?;
    request.headers_mut().insert(HOST, host);
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|error| HttpError::Connect(authority.to_owned(), error))?;
    let broken = |error| HttpError::Exchange(authority.to_owned(), error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MOST_BYTES)
            .collect()
            .await
            .map_err(HttpError::Body)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    // The connection is driven here and not in a task, so that it ends with us.
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        ended = &mut connection => match exchange.await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(ended.map_err(broken).err().unwrap_or(error)),
        },
    }
}

/// Host and port, and the path below which the API stands.
fn parts(api: &str) -> (&str, &str) {
    let api = api.strip_prefix("http://").unwrap_or(api);
    let (authority, base) = api.split_at(api.find('/').unwrap_or(api.len()));
    (authority, base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulators_address_may_have_a_scheme_and_a_path() {
        for (api, expect) in [
            ("127.0.0.1:9001", ("127.0.0.1:9001", "")),
            ("http://127.0.0.1:9001/", ("127.0.0.1:9001", "")),
            ("http://[::1]:9000/.rt", ("[::1]:9000", "/.rt")),
            ("localhost:9000/.rt/", ("localhost:9000", "/.rt")),
        ] {
            assert_eq!(parts(api), expect, "{api}");
        }
    }
}
