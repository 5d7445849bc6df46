//! The `tracing` layer: events become lines, spans become subsegments.
//!
//! A span's fields are rendered once, when they are recorded, below those of
//! the spans above it; an event copies the bytes into a buffer that the thread
//! keeps, and the whole line leaves in one write.

mod rendered;
mod span;
mod site;
mod fields;
mod second;
mod line;
mod beside;

use std::sync::Arc;

use tracing::{
    Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::log::Shared;
pub(crate) use beside::beside;
#[cfg(test)]
pub(crate) use beside::{Installed, install};
pub(crate) use line::{Lines, Static};
use site::Site;
use span::{Rules, SpanData};

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

/// Writes lines; subsegments join their invocation's trail.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) lines: Lines,
}

impl Observer {
    /// Asks the observer that this thread's events go to.
    pub(crate) fn current<T>(ask: impl FnOnce(&Self) -> T) -> Option<T> {
        let mut ask = Some(ask);
        tracing::dispatcher::get_default(|dispatch| {
            let observer = dispatch.downcast_ref::<Self>()?;
            ask.take().map(|ask| ask(observer))
        })
    }

    pub(crate) fn log(&self) -> &Arc<Shared> {
        &self.lines.shared
    }

    fn rules<'a>(&'a self, site: &'a Site) -> Rules<'a> {
        Rules {
            site,
            redactor: &self.log().settings.redactor,
        }
    }
}

/// Whether anything is made of what `metadata` describes.
fn wants(log: &Shared, metadata: &Metadata<'_>) -> bool {
    if metadata.target() == REPEATER {
        return false;
    }
    if metadata.is_span() {
        *metadata.level() <= SPAN_LEVEL.max(log.levels.base())
    } else {
        *metadata.level() <= log.levels.widest()
    }
}

fn interest(log: &Shared, metadata: &Metadata<'_>) -> Interest {
    if wants(log, metadata) {
        Interest::always()
    } else {
        Interest::never()
    }
}

/// The least severe level of all that is wanted.
fn least(log: &Shared) -> LevelFilter {
    SPAN_LEVEL.max(log.levels.widest())
}

impl<S> Layer<S> for Observer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(self.log(), metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        wants(self.log(), metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(least(self.log()))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let site = self.lines.site(attributes.metadata());
        let fields = (attributes, self.rules(&site));
        let data = match span.parent() {
            Some(parent) => match parent.extensions().get::<SpanData>() {
                Some(above) => SpanData::below(above, &span, fields),
                None => SpanData::top(&span, fields),
            },
            None => SpanData::top(&span, fields),
        };
        span.extensions_mut().replace(data);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(data) = span.extensions_mut().get_mut::<SpanData>()
        {
            let site = self.lines.site(span.metadata());
            data.record(values, self.rules(&site));
            self.lines.changed();
        }
    }

    #[inline]
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.lines.write(event, &context);
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(data) = span.extensions_mut().get_mut::<SpanData>()
        {
            data.note_error(event);
        }
    }

    #[inline]
    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.lines.enter(id);
    }

    #[inline]
    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        self.lines.exit();
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id)
            && let Some(data) = span.extensions_mut().get_mut::<SpanData>()
        {
            data.close();
        }
    }
}

#[cfg(test)]
mod tests;
