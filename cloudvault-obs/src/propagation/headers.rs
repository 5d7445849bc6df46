//! HTTP headers, for every client that speaks `http::HeaderMap`.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, header::Entry};

use super::{DEBUG, HEADER, Outbound, current};
use crate::event::names::of_baggage;

const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
const CORRELATION: HeaderName = HeaderName::from_static(HEADER);

/// Puts the current ids on an outgoing request; outside an invocation it does
/// nothing. What the caller has set stays as it is; `baggage` is added to.
///
/// ```
/// use cloudvault_obs::propagation;
///
/// let mut request = http::Request::get("https://example.com/").body(()).unwrap();
/// propagation::inject(request.headers_mut());
/// ```
pub fn inject(headers: &mut HeaderMap) {
    if let Some(outbound) = current() {
        outbound.inject(headers);
    }
}

/// The current ids as headers of their own: for `reqwest`,
/// `client.get(url).headers(propagation::headers())`. Empty outside an invocation.
///
/// ```
/// use cloudvault_obs::propagation;
///
/// assert!(propagation::headers().is_empty());
/// ```
#[must_use]
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    inject(&mut headers);
    headers
}

impl Outbound {
    /// Puts these ids on an outgoing request: `x-correlation-id`,
    /// `x-amzn-trace-id`, `traceparent` and, in `baggage`, `correlation.id` and
    /// `correlation.lineage`. What the caller has set stays as it is; `baggage`
    /// is added to.
    pub fn inject(&self, headers: &mut HeaderMap) {
        set(headers, CORRELATION, &self.correlation_id);
        if !self.trace_header.is_empty() {
            set(headers, TRACE, &self.trace_header);
        }
        if let Some(traceparent) = self.traceparent() {
            set(headers, TRACEPARENT, &traceparent);
        }
        if self.debug {
            set(headers, HeaderName::from_static(DEBUG), "true");
        }
        let mut member = format!("correlation.id={}", percent_encoded(&self.correlation_id));
        if !self.lineage.is_empty() {
            member.push_str(",correlation.lineage=");
            member.push_str(&self.lineage);
        }
        let mut lists = headers.get_all(BAGGAGE).iter();
        let has_one = lists.any(|list| {
            let list = list.to_str().unwrap_or_default();
            of_baggage(list, "correlation.id").is_some()
        });
        if let (false, Ok(value)) = (has_one, HeaderValue::from_str(&member)) {
            // Whatever else is there stays, also what is no text.
            headers.append(BAGGAGE, value);
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // All of them are printable ASCII, or they would not have been taken over.
    if let (Entry::Vacant(vacant), Ok(value)) = (headers.entry(name), HeaderValue::from_str(value))
    {
        vacant.insert(value);
    }
}

/// What W3C's baggage does not allow in a value is written as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' ' | '"' | ',' | ';' | '\\' | '%') {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{:02X}", u32::from(c));
        } else {
            encoded.push(c);
        }
    }
    encoded
}
