//! One record while it is worked on.

use std::{
    fmt::Display,
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use tracing::Span;

use super::{
    ledger::{Lane, Ledger},
    scope::Scope,
};

/// A record of a [`super::Batch`], with the span that its work belongs in.
///
/// Dropped without an outcome, because its task was cancelled or panicked, it
/// counts as failed: Lambda delivers it once more.
#[derive(Debug)]
#[must_use = "a record that is dropped without an outcome counts as failed"]
pub struct Item<R> {
    record: R,
    slot: Slot,
}

/// What a record needs apart from itself.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) span: Span,
    pub(super) scope: Option<Scope>,
    pub(super) lane: Lane,
    pub(super) index: usize,
    pub(super) correlation_id: Option<String>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) settled: bool,
}

impl Slot {
    fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _scope = self.scope.as_ref().map(Scope::enter);
        self.span.in_scope(work)
    }

    fn settle<T, E: Display>(&mut self, outcome: &Result<T, E>) {
        let Err(error) = outcome else {
            self.settled = true;
            return self.ledger.succeed(self.index);
        };
        let text = error.to_string();
        self.span.record("error", tracing::field::display(error));
        self.span
            .in_scope(|| tracing::warn!(error = text, "record failed"));
        self.fail(Some(text));
    }

    fn fail(&mut self, error: Option<String>) {
        self.settled = true;
        self.ledger.fail(self.index, &self.lane, error);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.settled {
            self.fail(None);
        }
    }
}

impl<R> Item<R> {
    pub(super) fn new(record: R, slot: Slot) -> Self {
        Self { record, slot }
    }

    /// The record's own correlation id; `None` where it has none and so shares
    /// the invocation's.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.slot.correlation_id.as_deref()
    }

    /// The span of the record's work.
    #[must_use]
    pub fn span(&self) -> &Span {
        &self.slot.span
    }

    /// Does the record's work inside its span.
    ///
    /// # Errors
    ///
    /// The work's own; the record has been marked as failed with it.
    pub fn run<T, E: Display>(self, work: impl FnOnce(R) -> Result<T, E>) -> Result<T, E> {
        let Self { record, mut slot } = self;
        let outcome = slot.enter(|| work(record));
        slot.settle(&outcome);
        outcome
    }

    /// The same for work that awaits: the span and the record's id hold at each
    /// poll.
    pub fn run_async<T, E, F>(self, work: impl FnOnce(R) -> F) -> ItemFuture<F>
    where
        F: Future<Output = Result<T, E>>,
        E: Display,
    {
        let Self { record, slot } = self;
        let inner = slot.enter(|| work(record));
        ItemFuture { inner, slot }
    }

    /// Marks the record as done.
    pub fn succeed(mut self) {
        self.slot.settle::<_, std::convert::Infallible>(&Ok(()));
    }

    /// Marks the record as failed, for the reason given.
    pub fn fail(mut self, error: impl Display) {
        self.slot.settle::<(), _>(&Err(error));
    }
}

impl<R> Deref for Item<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

pin_project_lite::pin_project! {
    /// Future of [`Item::run_async`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ItemFuture<F> {
        #[pin]
        inner: F,
        slot: Slot,
    }
}

impl<F> ItemFuture<F> {
    pub(super) fn lane(&self) -> &Lane {
        &self.slot.lane
    }
}

impl<T, E: Display, F: Future<Output = Result<T, E>>> Future for ItemFuture<F> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let outcome = task::ready!(this.slot.enter(|| inner.poll(cx)));
        this.slot.settle(&outcome);
        Poll::Ready(outcome)
    }
}
