//! Errors as causes: each error of a chain, and its type where Rust tells it.

use std::{error::Error, fmt};

use cloudvault_obs_core::{
    json::Value,
    log,
    redact::Redactor,
    segment::{Exception, Fields},
};
use tracing::field::{Field, Visit};

/// A chain longer than this is cut, for one that never ends.
const MAX_CHAIN: usize = 64;

/// The error and its sources, outermost first, without the secrets in them.
pub(super) fn chain<'a>(
    error: &'a (dyn Error + 'static),
    redactor: &'a Redactor,
) -> impl Iterator<Item = Exception> + 'a {
    let source = |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        (*error).source()
    };
    std::iter::successors(Some(error), source)
        .take(MAX_CHAIN)
        .map(|error| Exception::new(log::error_kind(error), redactor.redact(&error.to_string())))
}

/// Looks for the error among the fields of an event.
pub(super) struct Told<'a> {
    pub(super) fields: &'a mut Fields,
    pub(super) redactor: &'a Redactor,
}

impl Told<'_> {
    /// `#[instrument(err)]` and many by hand say `error = %error`.
    fn add(&mut self, field: &Field, value: Value<'_>) {
        if matches!(
            field.name(),
            "error" | "error.type" | "exception.type" | "exception.message"
        ) {
            self.fields.add(field.name(), value, self.redactor);
        }
    }
}

impl Visit for Told<'_> {
    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        self.fields.fail(chain(error, self.redactor));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::Debug(value));
    }
}
