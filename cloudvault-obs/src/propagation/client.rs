//! A tower layer for HTTP clients.

use std::{
    fmt::Display,
    pin::Pin,
    task::{self, Poll},
};

use tracing::{Span, field::Empty};

use super::inject;

/// Puts the current ids on every request of an HTTP client, and makes every call
/// a remote subsegment with method, URL (without its query) and status.
///
/// For any service of `http::Request`: hyper-util's client, tower-http's stacks,
/// or a test's own:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use cloudvault_obs::propagation::HttpLayer;
/// use tower::{Layer as _, ServiceExt as _, service_fn};
///
/// let client = service_fn(async |request: http::Request<()>| {
///     Ok::<_, std::io::Error>(http::Response::new(request.uri().path().to_owned()))
/// });
/// let request = http::Request::get("https://example.com/files?token=s").body(()).unwrap();
/// let response = HttpLayer::new().layer(client).oneshot(request).await.unwrap();
/// assert_eq!(response.body(), "/files");
/// # });
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct HttpLayer;

impl HttpLayer {
    /// The layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> tower::Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService { inner }
    }
}

/// An HTTP client whose requests carry the current ids; made by [`HttpLayer`].
#[derive(Debug, Clone)]
pub struct HttpService<S> {
    inner: S,
}

impl<S, B, T> tower::Service<http::Request<B>> for HttpService<S>
where
    S: tower::Service<http::Request<B>, Response = http::Response<T>>,
    S::Error: Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HttpFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let span = of(request.method(), request.uri());
        let inner = span.in_scope(|| {
            // Inside the span, so that the receiver's segment hangs below it.
            inject(request.headers_mut());
            self.inner.call(request)
        });
        HttpFuture { inner, span }
    }
}

/// A query may hold what nobody else should see.
fn of(method: &http::Method, uri: &http::Uri) -> Span {
    let url = format!(
        "{}://{}{}",
        uri.scheme_str().unwrap_or("http"),
        uri.authority().map_or("", without_user),
        uri.path()
    );
    span(method, uri.host().unwrap_or("http"), &url)
}

/// The span of one call.
pub(super) fn span(method: &http::Method, host: &str, url: &str) -> Span {
    tracing::info_span!(
        "http_request",
        otel.name = host,
        otel.kind = "client",
        http.request.method = method.as_str(),
        url.full = url,
        http.response.status_code = Empty,
        error = Empty,
    )
}

fn without_user(authority: &http::uri::Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

pin_project_lite::pin_project! {
    /// Future of [`HttpService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct HttpFuture<F> {
        #[pin]
        inner: F,
        span: Span,
    }
}

impl<F, T, E> Future for HttpFuture<F>
where
    F: Future<Output = Result<http::Response<T>, E>>,
    E: Display,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let span = &*this.span;
        let answer = task::ready!(span.in_scope(|| this.inner.poll(cx)));
        match &answer {
            Ok(response) => {
                span.record("http.response.status_code", response.status().as_u16());
            }
            Err(error) => {
                span.record("error", tracing::field::display(error));
            }
        }
        // The call ends here, not when its future is dropped.
        drop(std::mem::replace(this.span, Span::none()));
        Poll::Ready(answer)
    }
}
