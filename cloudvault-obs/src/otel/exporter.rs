//! OpenTelemetry's spans as X-Ray documents.

use std::sync::Arc;

use cloudvault_obs_core::{
    redact::Redactor,
    segment::{Batch, Delivery},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

use super::convert;
use crate::{
    invocation,
    segment::{Segments, Settings},
};

/// Sends spans to the X-Ray daemon. A span of the current invocation's trace
/// waits in that invocation and leaves with its other documents; any other span
/// leaves with its batch. Spans that are not sampled are not sent; well-known
/// secrets are taken out. What the daemon's socket refuses is counted in the line
/// that tells of lost telemetry.
#[derive(Debug)]
pub struct XraySpanExporter {
    segments: Arc<Segments>,
    redactor: Redactor,
}

impl XraySpanExporter {
    /// Sends to the daemon at `address`, in either form that
    /// `AWS_XRAY_DAEMON_ADDRESS` has; nowhere if that is none.
    #[must_use]
    pub fn to(address: &str) -> Self {
        let settings = Settings {
            announce_after: None,
            ..Settings::default()
        };
        Self {
            redactor: settings.redactor.clone(),
            segments: Arc::new(Segments::connect(Some(address), settings)),
        }
    }
}

impl SpanExporter for XraySpanExporter {
    fn export(&self, spans: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let mut batch = Batch::default();
        let current = invocation::current();
        for span in spans.iter().filter(|span| span.span_context.is_sampled()) {
            let fields = convert::fields(span, &self.redactor);
            let Some(subsegment) = convert::subsegment(span, &fields) else {
                continue;
            };
            let here = current.as_deref().filter(|invocation| {
                invocation
                    .sampled()
                    .is_some_and(|(trace, _)| trace.root == subsegment.trace_id)
            });
            match here {
                Some(invocation) => invocation.trail.add(&subsegment),
                None => batch.push(&subsegment, Delivery::Nested),
            }
        }
        self.segments.send(&batch);
        self.segments.hand_over_losses();
        std::future::ready(Ok(()))
    }
}
