//! What has been drained and not yet delivered, in two parts: the older is being
//! sent, request by request; the younger still grows.
//!
//! Journal cells are released when the part they belong to is settled to the
//! last request. New points never join the part that is being sent, or a steady
//! trickle could keep its cells taken for ever.
//!
//! The cells of everything here are still taken, so the journal's size bounds
//! it: nothing has to be dropped for want of room.

use std::collections::VecDeque;

use cloudvault_obs_core::journal::Position;

use crate::{
    aggregate::Aggregate,
    batch::{Batch, batches},
};

/// Drained points on their way.
#[derive(Debug, Default)]
pub struct Pending {
    sending: VecDeque<Batch>,
    /// The journal's position after the last point of what is being sent.
    sending_upto: Option<Position>,
    growing: Aggregate,
    growing_upto: Option<Position>,
    settled: Option<Position>,
}

impl Pending {
    /// The aggregate that new points join; [`Pending::reach`] comes after.
    pub fn growing(&mut self) -> &mut Aggregate {
        &mut self.growing
    }

    /// Says that everything before `position` has been drained.
    pub fn reach(&mut self, position: Position) {
        self.growing_upto = Some(position);
    }

    /// The next request to send.
    pub fn front(&mut self) -> Option<&Batch> {
        if self.sending.is_empty() && !self.growing.is_empty() {
            self.settled = self.sending_upto.take().or(self.settled);
            self.sending = batches(std::mem::take(&mut self.growing));
            self.sending_upto = self.growing_upto.take();
        }
        self.sending.front()
    }

    /// Takes the request that [`Pending::front`] showed: it is settled.
    pub fn settle(&mut self) -> Option<Batch> {
        self.sending.pop_front()
    }

    /// Puts a request at the front, to be sent next.
    pub fn push_front(&mut self, batch: Batch) {
        self.sending.push_front(batch);
    }

    /// How far everything is settled, if that is further than at the last call.
    pub fn release(&mut self) -> Option<Position> {
        if self.sending.is_empty() {
            self.settled = self.sending_upto.take().or(self.settled);
            if self.growing.is_empty() {
                self.settled = self.growing_upto.take().or(self.settled);
            }
        }
        self.settled.take()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sending.is_empty() && self.growing.is_empty()
    }
}
