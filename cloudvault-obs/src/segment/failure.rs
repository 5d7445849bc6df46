//! Errors as causes: each error of a chain, and its type where Rust tells it.

use std::{error::Error, fmt};

use cloudvault_obs_core::{
    json::Value,
    log,
    redact::Redactor,
    segment::{Exception, Fields},
};
use tracing::{
    Event,
    field::{Field, Visit},
};

/// A chain longer than this is cut, for one that never ends.
const MAX_CHAIN: usize = 64;

/// The error and its sources, outermost first, without the secrets in them.
pub(crate) fn chain<'a>(
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

/// An error and its sources as causes.
pub(crate) type Chain = Vec<Exception>;

/// The failure that an event tells of.
pub(crate) struct Failure(Vec<Told>);

enum Told {
    /// A field that [`Fields`] know, by its text.
    Field(&'static str, String),
    Chain(Chain),
}

impl Failure {
    /// The failure among the fields of `event`, if there is one.
    pub(crate) fn of(event: &Event<'_>, redactor: &Redactor) -> Option<Self> {
        let mut telling = Telling {
            told: Vec::new(),
            redactor,
        };
        event.record(&mut telling);
        (!telling.told.is_empty()).then_some(Self(telling.told))
    }

    /// Makes it the subsegment's own.
    pub(super) fn record(self, fields: &mut Fields, redactor: &Redactor) {
        for told in self.0 {
            match told {
                Told::Field(name, text) => fields.add(name, Value::Str(&text), redactor),
                Told::Chain(chain) => fields.fail(chain),
            }
        }
    }
}

struct Telling<'a> {
    told: Vec<Told>,
    redactor: &'a Redactor,
}

impl Telling<'_> {
    /// `#[instrument(err)]` and many by hand say `error = %error`.
    fn add(&mut self, field: &Field, text: impl FnOnce() -> String) {
        if matches!(
            field.name(),
            "error" | "error.type" | "exception.type" | "exception.message"
        ) {
            self.told.push(Told::Field(field.name(), text()));
        }
    }
}

impl Visit for Telling<'_> {
    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        self.told
            .push(Told::Chain(chain(error, self.redactor).collect()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, || value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, || format!("{value:?}"));
    }
}
