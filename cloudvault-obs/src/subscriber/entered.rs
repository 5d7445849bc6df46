//! The spans that are entered on this thread, the innermost last.
//!
//! A span is entered and left with every poll of its future, so nothing is looked up
//! here and no other thread is asked.

use std::cell::{Cell, RefCell};

use tracing::span::Id;

/// An observer's serial number, which is never 0, and a span of its own. Several
/// observers may share a thread, as in tests.
type Entered = (u64, u64);

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    /// The last of them, or a 0: every event asks for it.
    static INNERMOST: Cell<Entered> = const { Cell::new((0, 0)) };
}

/// `span` of the observer `serial` is the current one now.
#[inline]
pub(super) fn enter(serial: u64, span: &Id) {
    // Where the thread is ending there is no current span any more.
    let _ = ENTERED.try_with(|entered| {
        let innermost = (serial, span.into_u64());
        entered.borrow_mut().push(innermost);
        INNERMOST.set(innermost);
    });
}

/// `span` is left, whether or not it was entered last.
#[inline]
pub(super) fn exit(serial: u64, span: &Id) {
    let left = (serial, span.into_u64());
    let _ = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        if entered.last() == Some(&left) {
            entered.pop();
            INNERMOST.set(entered.last().copied().unwrap_or_default());
        } else if let Some(at) = entered.iter().rposition(|it| *it == left) {
            entered.remove(at);
        }
    });
}

/// The observer's current span on this thread.
#[inline]
pub(super) fn current(serial: u64) -> Option<u64> {
    match INNERMOST.get() {
        (of, span) if of == serial => Some(span),
        (0, _) => None,
        _ => below(serial),
    }
}

/// Beneath another observer's spans, as in tests.
#[cold]
fn below(serial: u64) -> Option<u64> {
    let own = |entered: &RefCell<Vec<Entered>>| {
        let entered = entered.borrow();
        let own = entered.iter().rev().find(|(of, _)| *of == serial);
        own.map(|(_, span)| *span)
    };
    ENTERED.try_with(own).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_span_is_the_last_one_entered_and_not_left_of_the_same_observer() {
        let [a, b, c] = [1, 2, 3].map(Id::from_u64);
        assert_eq!(current(7), None);
        enter(7, &a);
        enter(8, &b);
        assert_eq!((current(7), current(8)), (Some(1), Some(2)));
        enter(7, &c);
        enter(7, &a);
        // Left in another order than entered, as guards may be dropped.
        exit(7, &c);
        assert_eq!(current(7), Some(1));
        exit(7, &a);
        assert_eq!(current(7), Some(1));
        exit(7, &a);
        exit(7, &a);
        assert_eq!((current(7), current(8)), (None, Some(2)));
        exit(8, &b);
    }
}
