//! A middleware for the clients of `reqwest-middleware`.

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};
use tracing::Instrument as _;

use super::{client::span, inject};

/// What [`super::HttpLayer`] is for tower's clients, for `reqwest`'s: puts the
/// current ids on every request, and makes every call a remote subsegment with
/// method, URL (without its query) and status.
///
/// Put it behind a middleware that retries, so that each attempt is a call.
///
/// ```no_run
/// use cloudvault_obs::propagation::HttpMiddleware;
///
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(HttpMiddleware::new())
///     .build();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct HttpMiddleware;

impl HttpMiddleware {
    /// The middleware; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[async_trait::async_trait]
impl Middleware for HttpMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let mut url = request.url().clone();
        url.set_query(None);
        url.set_fragment(None);
        // Neither fails where there is a host, and without one there is no user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let host = url.host_str().unwrap_or("http");
        let span = span(request.method(), host, url.as_str());
        // Inside the span, so that the receiver's segment hangs below it.
        span.in_scope(|| inject(request.headers_mut()));
        let answer = next.run(request, extensions).instrument(span.clone()).await;
        match &answer {
            Ok(response) => {
                span.record("http.response.status_code", response.status().as_u16());
            }
            Err(error) => {
                span.record("error", tracing::field::display(error));
            }
        }
        answer
    }
}
