//! The `tracing` subscriber: events become lines, spans become subsegments.
//!
//! A span's fields are rendered once, when they are recorded, below those of
//! the spans above it; an event copies the bytes into a buffer that the thread
//! keeps, and the whole line leaves in one write.
//!
//! It keeps its spans itself: a registry that serves any layer, with a map of
//! types for each span, costs more than all that is done here.

mod site;
mod entered;
mod context;
mod told;
mod span;
mod spans;
mod fields;
mod around;
mod second;
mod line;
mod beside;

use std::sync::Arc;

use cloudvault_obs_core::redact::Redactor;
use tracing::{
    Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_core::span::Current;

use crate::{
    log::Shared,
    segment::{Failure, OpenSpans, Segments},
};
pub(crate) use beside::beside;
#[cfg(test)]
pub(crate) use beside::{Installed, install};
pub(crate) use line::{Lines, Static};
use site::Site;
use span::{Rules, Span};
use spans::Spans;
use told::Told;

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
pub(crate) struct Observer {
    pub(crate) lines: Lines,
    spans: Arc<Spans<Box<Span>>>,
}

impl Observer {
    /// An observer whose open spans `segments` can announce.
    pub(crate) fn new(lines: Lines, segments: &Segments) -> Self {
        let spans = Arc::new(Spans::default());
        segments.know(Arc::clone(&spans) as Arc<dyn OpenSpans>);
        Self { lines, spans }
    }

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

    fn redactor(&self) -> &Redactor {
        &self.log().settings.redactor
    }

    fn rules<'a>(&'a self, site: &'a Site) -> Rules<'a> {
        Rules {
            site,
            redactor: self.redactor(),
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

impl Subscriber for Observer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(self.log(), metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        wants(self.log(), metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(least(self.log()))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let parent = if attributes.is_contextual() {
            entered::current(self.lines.serial)
        } else {
            attributes.parent().map(Id::into_u64)
        };
        let within = (parent, &*self.spans);
        let site = self.lines.site(attributes.metadata());
        let (span, segment) = Span::new(attributes, self.rules(&site), |context| {
            self.lines.inherit(context, within)
        });
        self.spans.open(span, |span, id| {
            if let Some(segment) = segment {
                span.open(segment, (id, site.source()));
            }
        })
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let id = id.into_u64();
        let Some(metadata) = self.spans.with(id, |span| span.metadata) else {
            return;
        };
        let site = self.lines.site(metadata);
        let told = Told::of(values, self.rules(&site));
        self.spans
            .with(id, |span| span.record(told, self.rules(&site)));
        self.lines.changed();
    }

    /// Who caused whom is said by `xray.link`.
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    #[inline]
    fn event(&self, event: &Event<'_>) {
        let span = if event.is_contextual() {
            entered::current(self.lines.serial)
        } else {
            event.parent().map(Id::into_u64)
        };
        self.lines.write(event, (span, &self.spans));
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = span
            && let Some(failure) = Failure::of(event, self.redactor())
        {
            self.spans
                .with(span, |span| span.note(failure, self.redactor()));
        }
    }

    #[inline]
    fn enter(&self, id: &Id) {
        entered::enter(self.lines.serial, id);
    }

    #[inline]
    fn exit(&self, id: &Id) {
        entered::exit(self.lines.serial, id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.spans.hold(id.into_u64());
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let closed = self.spans.release(id.into_u64());
        closed.map(Span::close).is_some()
    }

    fn current_span(&self) -> Current {
        let current = entered::current(self.lines.serial).and_then(|span| {
            let metadata = self.spans.with(span, |span| span.metadata)?;
            Some(Current::new(Id::from_u64(span), metadata))
        });
        current.unwrap_or_else(Current::none)
    }
}

#[cfg(test)]
mod tests;
