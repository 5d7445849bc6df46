//! Log lines as a handler sees them: levels, keys, debug decisions.
//!
//! Events are logged with `tracing`'s macros; nothing here is needed for that.
//! This module changes what the lines of the current invocation carry.
//!
//! ```
//! use cloudvault_obs as obs;
//!
//! # fn order() {
//! obs::log::append("order_id", 17);
//! {
//!     let _step = obs::log::scoped("step", "payment");
//!     tracing::info!("paid"); // has order_id and step
//! }
//! tracing::info!("done"); // has order_id
//! obs::log::remove("order_id");
//! # }
//! ```

mod settings;
mod options;
mod zone;
mod levels;
mod buffer;
mod state;
mod lineage;
mod payload;
mod timeout;
mod panic;

use std::sync::Arc;

use cloudvault_obs_core::log::Members;
pub use cloudvault_obs_core::{json::Value, redact::Family};
pub use options::Options;
pub use tracing::level_filters::LevelFilter;

pub(crate) use buffer::Kept;
pub(crate) use levels::{Levels, Severity};
pub(crate) use lineage::warn_of_loop;
pub(crate) use panic::{TARGET as PANIC_TARGET, install as install_panic_hook};
pub(crate) use payload::{Logged, event};
pub(crate) use settings::{Format, Settings};
pub(crate) use state::{Once, State};
pub(crate) use timeout::{Guard, TARGET as TIMEOUT_TARGET};
pub(crate) use zone::Zone;

use crate::{invocation, subscriber::Observer};

/// What all invocations of a process share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) levels: Levels,
    /// DEBUG lines from outside any invocation, such as those of its start.
    pub(crate) before: Kept,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            levels: Levels::new(settings.level, settings.buffer > 0),
            before: Kept::default(),
            settings,
        })
    }
}

/// Puts `key` on every later line of the current invocation, in place of an
/// earlier value. Ends with the invocation, at the latest; outside one it does
/// nothing.
///
/// Fields of a span and of an event win over it. A key that the line owns is
/// written as `fields.KEY`; a secret is redacted like any other value.
///
/// ```
/// cloudvault_obs::log::append("customer", "c-17");
/// cloudvault_obs::log::append("items", 3);
/// ```
pub fn append<'a>(key: &str, value: impl Into<Value<'a>>) {
    if let Some(invocation) = invocation::current() {
        let log = &invocation.log;
        log.change_keys(|keys| keys.redacted(key, value.into(), &log.shared.settings.redactor));
    }
}

/// Takes a key of [`append`] off the later lines of the current invocation.
///
/// ```
/// cloudvault_obs::log::append("step", 1);
/// cloudvault_obs::log::remove("step");
/// ```
pub fn remove(key: &str) {
    if let Some(invocation) = invocation::current() {
        invocation.log.change_keys(|keys| keys.remove(&stored(key)));
    }
}

/// As [`append`], until the guard is dropped: then the former value is back, or
/// the key is gone.
///
/// ```
/// let step = cloudvault_obs::log::scoped("step", "load");
/// drop(step);
/// ```
#[must_use = "the key is removed when the guard is dropped"]
pub fn scoped<'a>(key: &str, value: impl Into<Value<'a>>) -> Scoped {
    let guard = Scoped::begin(&stored(key));
    append(&guard.key, value);
    guard
}

/// Restores a key when it is dropped; made by [`scoped`].
#[derive(Debug)]
#[must_use = "the key is removed when the guard is dropped"]
pub struct Scoped {
    key: String,
    former: Option<(Arc<invocation::Invocation>, Option<Vec<u8>>)>,
}

impl Scoped {
    /// Remembers what `key` is now.
    fn begin(key: &str) -> Self {
        let former = invocation::current().map(|invocation| {
            let value = |keys: &mut Members| keys.get(key).map(<[u8]>::to_vec);
            let before = invocation.log.change_keys(value);
            (invocation, before)
        });
        Self {
            key: key.to_owned(),
            former,
        }
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        if let Some((invocation, before)) = self.former.take() {
            invocation.log.change_keys(|keys| match before {
                Some(json) => keys.put(&self.key, |out| out.extend_from_slice(&json)),
                None => keys.remove(&self.key),
            });
        }
    }
}

/// The name under which a key is kept.
fn stored(key: &str) -> String {
    if cloudvault_obs_core::log::is_reserved(key) {
        format!("fields.{key}")
    } else {
        key.to_owned()
    }
}

/// The least severe level that is written now; `OFF` where this crate's
/// subscriber is not installed.
///
/// ```
/// use cloudvault_obs::log::{self, LevelFilter};
///
/// assert_eq!(log::level(), LevelFilter::OFF);
/// ```
#[must_use]
pub fn level() -> LevelFilter {
    Observer::current(|observer| observer.log().levels.base()).unwrap_or(LevelFilter::OFF)
}

/// Changes the level of the whole process from now on. Where Lambda's own filter
/// would drop the additional lines, a warning says so.
///
/// ```
/// use cloudvault_obs::log::{self, LevelFilter};
///
/// log::set_level(LevelFilter::DEBUG);
/// ```
pub fn set_level(level: LevelFilter) {
    let swallowed = Observer::current(|observer| {
        let log = observer.log();
        log.levels.set(level);
        log.settings.lambda_level.filter(|lambda| level > *lambda)
    });
    if let Some(lambda) = swallowed.flatten() {
        complain(
            Some(lambda),
            &format!(
                "Lambda drops lines below AWS_LAMBDA_LOG_LEVEL={lambda}, so {level} has no effect"
            ),
        );
    }
}

/// Says what is wrong with the settings, as a warning, unless nothing less severe
/// than an error is let through.
pub(crate) fn complain(filter: Option<LevelFilter>, complaint: &str) {
    if filter.is_some_and(|filter| filter < LevelFilter::WARN) {
        tracing::error!("{complaint}");
    } else {
        tracing::warn!("{complaint}");
    }
}

/// Whether the current invocation writes DEBUG lines whatever the level: it was
/// sampled, its caller asked for it, or [`set_debug`] did.
///
/// ```
/// assert!(!cloudvault_obs::log::debug());
/// ```
#[must_use]
pub fn debug() -> bool {
    invocation::current().is_some_and(|invocation| invocation.debug())
}

/// Decides for the current invocation, and for all that it calls: the decision
/// travels on outgoing messages.
///
/// ```
/// cloudvault_obs::log::set_debug(true);
/// ```
pub fn set_debug(debug: bool) {
    if let Some(invocation) = invocation::current() {
        invocation.log.set_debug(debug);
    }
}

#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tests;
