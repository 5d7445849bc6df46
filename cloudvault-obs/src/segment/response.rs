//! What the handler answered, kept in its subsegment's metadata.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use cloudvault_obs_core::{log::nested, redact::Redactor};
use serde::Serialize;
use tracing::Span;

use super::RESPONSE;
use crate::invocation::{self, Invocation};

/// A longer answer is kept in part, with a mark.
const MAX_RESPONSE: usize = 16 * 1024;
/// More than the longest secret that is known only by the whole of it.
const LAST_WORD: usize = 64;

/// A handler whose answer is recorded on the span around it.
#[derive(Debug, Clone)]
pub struct Capturing<S>(pub(crate) S);

impl<S, R, T> tower::Service<R> for Capturing<S>
where
    S: tower::Service<R, Response = T>,
    T: Serialize,
{
    type Response = T;
    type Error = S::Error;
    type Future = CapturingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        CapturingFuture {
            inner: self.0.call(request),
        }
    }
}

pin_project_lite::pin_project! {
    /// Future of [`Capturing`].
    #[derive(Debug)]
    pub struct CapturingFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, T, E> Future for CapturingFuture<F>
where
    F: Future<Output = Result<T, E>>,
    T: Serialize,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let output = task::ready!(self.project().inner.poll(cx));
        let wanted = |invocation: &Arc<Invocation>| {
            invocation.sampled().is_some() && invocation.trail.segments().settings.capture_response
        };
        if let Ok(response) = &output
            && let Some(invocation) = invocation::current().filter(wanted)
        {
            record(response, invocation.trail.redactor());
        }
        Poll::Ready(output)
    }
}

fn record<T: Serialize>(response: &T, redactor: &Redactor) {
    let mut written = Bounded(Vec::with_capacity(256));
    let json = match serde_json::to_writer(&mut written, response) {
        Ok(()) => redacted(&written.0, redactor),
        // Too long, or not to be serialised, as the runtime is about to find out.
        Err(error) if error.is_io() => Some(cut(&written.0, redactor)),
        Err(_) => None,
    };
    if let Some(json) = json {
        Span::current().record(RESPONSE, json.as_str());
    }
}

/// The answer without what is a secret by its key or by its looks.
fn redacted(json: &[u8], redactor: &Redactor) -> Option<String> {
    let mut out = Vec::with_capacity(json.len());
    nested(
        &mut out,
        std::str::from_utf8(json).ok()?,
        usize::MAX,
        redactor,
    );
    String::from_utf8(out).ok()
}

/// The beginning of a long answer, as text.
#[cold]
fn cut(json: &[u8], redactor: &Redactor) -> String {
    let kept = String::from_utf8_lossy(json);
    let kept = redactor.redact(kept.trim_end_matches(char::REPLACEMENT_CHARACTER));
    // A secret that was cut in two looks like none.
    let end = kept.len().saturating_sub(LAST_WORD);
    let end = (0..=end).rev().find(|&end| kept.is_char_boundary(end));
    let kept = &kept[..end.unwrap_or(0)];
    let marked = format!("{kept}... [cut: longer than {MAX_RESPONSE} bytes]");
    serde_json::Value::from(marked).to_string()
}

/// Refuses what goes beyond [`MAX_RESPONSE`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MAX_RESPONSE - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return Err(io::Error::from(io::ErrorKind::WriteZero));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
