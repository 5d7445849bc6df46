//! The `tracing` layer: events become lines, spans become subsegments.
//!
//! A span's fields are rendered once, when they are recorded, below those of
//! the spans above it; an event copies the bytes into a buffer that the thread
//! keeps, and the whole line leaves in one write.

mod span;
mod line;

use std::sync::Arc;

use cloudvault_obs_core::segment::DATAGRAM_HEADER;
use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use crate::{clock, output::Output, telemetry::Segments};
pub(crate) use line::Static;
use span::SpanData;

/// Target of the span that carries an invocation's own keys. It is no
/// subsegment: the function's segment stands for the invocation already.
pub(crate) const INVOCATION_TARGET: &str = "cloudvault_obs::invocation";
/// Target of the span around the handler.
pub(crate) const HANDLER_TARGET: &str = "cloudvault_obs::handler";

/// Where `lambda_runtime` logs what the handler's own span has said already: the
/// same failure would count twice among the ERROR lines.
const REPEATER: &str = "lambda_runtime::layers::panic";

/// Spans below this level are neither subsegments nor context.
const SPAN_LEVEL: LevelFilter = LevelFilter::INFO;

/// Writes lines to `output` and subsegments to `segments`.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) level: LevelFilter,
    pub(crate) fixed: Static,
    pub(crate) output: Output,
    pub(crate) segments: Arc<Segments>,
}

impl Observer {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.target() == REPEATER {
            return false;
        }
        if metadata.is_span() {
            *metadata.level() <= SPAN_LEVEL.max(self.level)
        } else {
            *metadata.level() <= self.level
        }
    }
}

impl<S> Layer<S> for Observer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(SPAN_LEVEL.max(self.level))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let data = match span.parent() {
            Some(parent) => match parent.extensions().get::<SpanData>() {
                Some(above) => SpanData::below(above, &span, attributes),
                None => SpanData::top(&span, attributes),
            },
            None => SpanData::top(&span, attributes),
        };
        span.extensions_mut().replace(data);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(data) = span.extensions_mut().get_mut::<SpanData>()
        {
            data.record(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let now = clock::now_ms();
        match context.event_span(event) {
            Some(span) => {
                let extensions = span.extensions();
                let members = extensions.get::<SpanData>().map(|data| &data.members);
                line::write(&self.fixed, &self.output, now, (event, members));
            }
            None => line::write(&self.fixed, &self.output, now, (event, None)),
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id) {
            self.close(&span);
        }
    }
}

impl Observer {
    fn close<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) {
        let extensions = span.extensions();
        let Some(data) = extensions.get::<SpanData>() else {
            return;
        };
        let Some(invocation) = &data.invocation else {
            return;
        };
        let mut datagram = DATAGRAM_HEADER.to_vec();
        if data.write_subsegment(span.name(), clock::now_us(), &mut datagram)
            && let Err(late) = invocation.post(datagram)
        {
            // The task outlived its invocation: nobody else will send it.
            self.segments.send([late]);
        }
    }
}

#[cfg(test)]
mod tests;
