//! A `/next` that waits for something to give, or something to give that waits for a `/next`.

use super::api::Answerer;
use super::reply::Reply;

/// At most one of the two waits.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    waiting: Option<Answerer>,
    pending: Option<Reply>,
}

/// What a `/next` came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It waits.
    Waits,
    /// It was given what waited for it.
    Given,
}

impl Parked {
    /// A process asks.
    pub(crate) fn ask(&mut self, answerer: Answerer) -> Asked {
        match self.pending.take() {
            Some(reply) => {
                self.give_to(answerer, reply);
                Asked::Given
            }
            None => {
                // An earlier one belongs to a connection that is gone.
                self.waiting = Some(answerer);
                Asked::Waits
            }
        }
    }

    /// Gives it to the process, now or when it asks.
    pub(crate) fn give(&mut self, reply: Reply) {
        match self.waiting.take() {
            Some(answerer) => self.give_to(answerer, reply),
            None => self.pending = Some(reply),
        }
    }

    /// Whether something waits to be asked for.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn give_to(&mut self, answerer: Answerer, reply: Reply) {
        // The connection may be gone; the process may come back.
        self.pending = answerer.send(reply).err();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn what_a_dead_connection_did_not_take_is_given_to_the_next() {
        let mut parked = Parked::default();
        let (first, gone) = oneshot::channel();
        assert_eq!(parked.ask(first), Asked::Waits);
        drop(gone);
        parked.give(Reply::accepted());
        assert!(parked.is_pending());
        let (second, mut got) = oneshot::channel();
        assert_eq!(parked.ask(second), Asked::Given);
        assert!(got.try_recv().is_ok() && !parked.is_pending());
    }
}
