//! HTTP requests over a connection of the caller's.
//!
//! The Extensions API is on this machine, so a connection costs little, and one
//! that was open while the environment was frozen is never trusted again. There
//! is no timeout here: `/event/next` answers when there is an event.

use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
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

/// One connection, which is driven by whoever waits for an answer on it and not by
/// a task: it ends with its owner.
pub struct Connection {
    authority: String,
    base: String,
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
}

impl Connection {
    /// Connects to `api`. Lambda gives it as host and port; emulators may put
    /// `http://` before it and a path behind.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub async fn open(api: &str) -> Result<Self, HttpError> {
        let (authority, base) = parts(api);
        let stream = TcpStream::connect(authority)
            .await
            .map_err(|error| HttpError::Connect(authority.to_owned(), error))?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| HttpError::Exchange(authority.to_owned(), error))?;
        Ok(Self {
            authority: authority.to_owned(),
            base: base.to_owned(),
            sender,
            driver: Box::pin(driver),
        })
    }

    /// Sends `request` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, HttpError> {
        if !self.base.is_empty() {
            let below = format!("{}{}", self.base, request.uri().path());
            *request.uri_mut() = http::Uri::try_from(below).map_err(http::Error::from)?;
        }
        let host = http::HeaderValue::from_str(&self.authority).map_err(http::Error::from)?;
        request.headers_mut().insert(HOST, host);
        let broken = |error| HttpError::Exchange(self.authority.clone(), error);
        let exchange = async {
            let answer = self.sender.send_request(request).await.map_err(broken)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MOST_BYTES)
                .collect()
                .await
                .map_err(HttpError::Body)?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            ended = &mut self.driver => match exchange.await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(ended.map_err(broken).err().unwrap_or(error)),
            },
        }
    }
}

/// Sends `request` to `api` on a connection of its own.
///
/// # Errors
///
/// When there is no whole answer.
pub async fn send(api: &str, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, HttpError> {
    Connection::open(api).await?.send(request).await
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
