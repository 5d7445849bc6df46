//! What to put on outgoing messages, so that whoever receives them belongs to
//! the same request and the same trace.

use cloudvault_obs_core::trace::TraceHeader;

use crate::invocation;

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
}

/// The current invocation's ids; `None` outside an invocation, and in a task
/// that was spawned out of one.
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
    Some(Outbound {
        correlation_id: invocation.correlation_id.to_string(),
        trace_header: trace_header.unwrap_or_default(),
    })
}
