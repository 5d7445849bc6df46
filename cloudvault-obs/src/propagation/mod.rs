//! What to put on outgoing messages, so that whoever receives them belongs to
//! the same request and the same trace.
//!
//! The mirror image of what [`crate::event`] reads:
//!
//! | to | put | with |
//! |---|---|---|
//! | HTTP | headers `x-correlation-id`, `x-amzn-trace-id`, `traceparent`, `baggage` | [`HttpLayer`] around a client, `HttpMiddleware` for `reqwest` (feature `reqwest`), [`headers`], [`inject`] |
//! | SQS, SNS | message attribute `correlation-id`; SQS's system attribute `AWSTraceHeader` | [`Outbound::attributes`], [`Outbound::trace_header`] |
//! | Kafka, RabbitMQ, ActiveMQ | record headers of the same names | [`Outbound::attributes`] |
//! | EventBridge | `__context__` in the detail; the entry's `TraceHeader` | [`Outbound::put_into`] or [`Outbound::splice`], [`Outbound::trace_header`] |
//! | Kinesis, Firehose | `__context__` in the JSON data | the same |
//! | Step Functions, Lambda, IoT | `__context__` in the JSON input | the same |
//! | DynamoDB | attribute `__context__` of the item | [`Outbound::item_attribute`] |
//!
//! Beside the id travel the functions that the request has passed
//! (`correlation-lineage`, in `baggage` as `correlation.lineage`), by which a loop
//! is seen, and, where it is so, that debug lines are written
//! (`debug-log-enabled`). Inside a record of a [`crate::batch`] all of them are the
//! record's, not the batch's.

mod headers;
mod context;
mod client;
#[cfg(feature = "reqwest")]
mod middleware;

use std::sync::Arc;

use cloudvault_obs_core::trace::TraceHeader;

use crate::{batch, invocation};

pub use client::{HttpFuture, HttpLayer, HttpService};
pub use headers::{headers, inject};
#[cfg(feature = "reqwest")]
pub use middleware::HttpMiddleware;

/// The message attribute, and the Kafka header, that carries the correlation id.
pub const ATTRIBUTE: &str = "correlation-id";

/// The HTTP header that carries the correlation id.
pub const HEADER: &str = "x-correlation-id";

/// The member of a JSON payload that carries what headers would.
pub const CONTEXT: &str = "__context__";

/// The header, attribute and member that carries the debug decision.
const DEBUG: &str = "debug-log-enabled";

/// The attribute and member that carries the functions passed so far.
const LINEAGE: &str = "correlation-lineage";

/// The ids of the invocation and span in which it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outbound {
    /// For the HTTP header `x-correlation-id`, or an SQS or SNS message
    /// attribute `correlation-id`.
    pub correlation_id: String,
    /// For the HTTP header `X-Amzn-Trace-Id` or SQS's message system attribute
    /// `AWSTraceHeader`: the trace, with the current span's subsegment as its
    /// parent. Empty where the invocation is not traced.
    pub trace_header: String,
    /// Whether this invocation writes its debug lines, so that the receiver
    /// writes its own for the same request. Sent, where it is so, as
    /// `debug-log-enabled: true`.
    pub debug: bool,
    /// The functions that the request has passed and how often, this one
    /// included, so that a loop is seen where AWS keeps no record of it:
    /// `1a2b3c4d:2|5e6f7a8b:1`, at most 16 of them. Sent as
    /// `correlation-lineage`, in `baggage` as `correlation.lineage`.
    pub lineage: String,
}

impl Outbound {
    /// The same trace as W3C's `traceparent`; `None` where the invocation is not
    /// traced, or the trace has no parent to name.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.trace_header
            .parse::<TraceHeader>()
            .ok()?
            .to_traceparent()
    }

    /// Names and values of string attributes for an SQS or SNS message, or of
    /// record headers for Kafka.
    ///
    /// ```no_run
    /// use std::collections::HashMap;
    /// use cloudvault_obs::propagation;
    ///
    /// if let Some(outbound) = propagation::current() {
    ///     let attributes: HashMap<_, _> = outbound.attributes().collect();
    ///     assert_eq!(attributes["correlation-id"], outbound.correlation_id);
    /// }
    /// ```
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [(ATTRIBUTE, self.correlation_id.as_str())]
            .into_iter()
            .chain(self.debug.then_some((DEBUG, "true")))
            .chain((!self.lineage.is_empty()).then_some((LINEAGE, &*self.lineage)))
    }
}

/// The current invocation's ids, or the current record's; `None` outside an
/// invocation, and in a task that was spawned out of one.
///
/// ```
/// use cloudvault_obs::propagation;
///
/// assert_eq!(propagation::current(), None);
/// ```
#[must_use]
pub fn current() -> Option<Outbound> {
    let invocation = invocation::current()?;
    let trace_header = invocation.trace.as_ref().map(|trace| {
        let span = tracing::Span::current();
        // Without a recorded subsegment the facade stays the parent.
        let parent = invocation
            .sampled()
            .and_then(|_| span.id())
            .map(|id| invocation.segment_id(&id))
            .or(trace.parent);
        TraceHeader {
            parent,
            ..trace.clone()
        }
        .to_string()
    });
    Some(of(&invocation, trace_header.unwrap_or_default()))
}

/// The ids of `invocation`, or of its record that is worked on.
pub(crate) fn of(invocation: &Arc<invocation::Invocation>, trace_header: String) -> Outbound {
    let (id, lineage) = batch::scope::current(invocation).unwrap_or_else(|| {
        let lineage = invocation.lineage.clone();
        (invocation.correlation_id.clone(), lineage)
    });
    Outbound {
        correlation_id: id.to_string(),
        trace_header,
        debug: invocation.log.debug(),
        lineage: lineage.to_string(),
    }
}

#[cfg(test)]
mod tests;
