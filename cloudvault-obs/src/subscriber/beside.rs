//! A second subscriber of the same interest, where several come and go.
//!
//! While `tracing` knows of one subscriber alone, it computes interest without a lock
//! and from the calling thread's default. A second one that comes up meanwhile, on a
//! thread of its own, may lose its events for good: a level that one test changes
//! silences another test. Two that stay together keep `tracing` from that; as they
//! want the same, they change nothing else.

use std::sync::Arc;

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

use super::{interest, least};
use crate::log::Shared;

/// Wants what the observer wants, and takes nothing.
struct Beside(Arc<Shared>);

/// To be kept as long as the observer of `log`.
pub(crate) fn beside(log: &Arc<Shared>) -> Dispatch {
    Dispatch::new(Beside(Arc::clone(log)))
}

impl Subscriber for Beside {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(&self.0, metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(least(&self.0))
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An observer that is this thread's, and its second.
#[cfg(test)]
pub(crate) struct Installed {
    _default: tracing::subscriber::DefaultGuard,
    _beside: Dispatch,
}

/// Makes `observer` this thread's, as long as the answer is kept.
#[cfg(test)]
pub(crate) fn install(observer: super::Observer) -> Installed {
    let beside = beside(observer.log());
    Installed {
        _default: tracing::subscriber::set_default(observer),
        _beside: beside,
    }
}
