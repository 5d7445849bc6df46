//! A `/next` that waits for something to give, or something to give that waits for a `/next`.

use std::collections::VecDeque;

use super::api::Answerer;
use super::reply::Reply;

/// At most one of the two waits.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    waiting: VecDeque<Answerer>,
    pending: VecDeque<Reply>,
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
    /// A process asks. Of several that wait, one may belong to a connection that is
    /// gone; a runtime with concurrent invocations has several that are not.
    pub(crate) fn ask(&mut self, answerer: Answerer) -> Asked {
        match self.pending.pop_front() {
            Some(reply) => {
                if let Err(reply) = answerer.send(reply) {
                    self.pending.push_front(reply);
                }
                Asked::Given
            }
            None => {
                self.waiting.push_back(answerer);
                Asked::Waits
            }
        }
    }

    /// Gives it to the process, now or when it asks.
    pub(crate) fn give(&mut self, mut reply: Reply) {
        while let Some(answerer) = self.waiting.pop_front() {
            match answerer.send(reply) {
                Ok(()) => return,
                // The connection is gone; the process may come back.
                Err(back) => reply = back,
            }
        }
        self.pending.push_back(reply);
    }

    /// Whether a process has asked and waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether something waits to be asked for.
    pub(crate) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
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
