//! Spans as X-Ray subsegments: from a span's opening to the daemon.
//!
//! A span is [`Open`] until it closes; then its document joins the invocation's
//! [`Trail`], and when the invocation is over the whole tree leaves in as few
//! datagrams as it fits, usually one, after the response. Nothing is sent for
//! a span while the handler runs, but for one case: when an invocation lasts
//! long, or nears its deadline, [`Watch`] sends what has finished so far and an
//! `in_progress` document for what has not, from a thread of its own, so that a
//! timeout leaves a trace of what was being done.
//!
//! Which field of a span becomes which part of a document is the table in
//! [`cloudvault_obs_core::segment::mapping`].

mod settings;
mod open;
mod failure;
mod response;
mod trail;
mod watch;
mod forward;
mod sink;

pub(crate) use failure::{Chain, Failure, chain};
pub(crate) use open::{Draft, Known, Open, Recording, Source};
pub(crate) use response::Capturing;
pub(crate) use settings::Settings;
pub(crate) use sink::Segments;
#[cfg(feature = "otel")]
pub(crate) use sink::lose;
pub(crate) use trail::{OpenSpans, Trail};

/// The field that links another trace: its value is that trace's header. It
/// stands on no line, and may be recorded several times.
pub(crate) const LINK: &str = "xray.link";

/// The handler span's field for what the handler answered, as JSON.
pub(crate) const RESPONSE: &str = "obs.response";

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
