//! What has been drained and not yet delivered, in three parts: the oldest is
//! being sent, request by request; the youngest still grows; and in an outage
//! some waits in the spill file.
//!
//! Journal cells are released when the part they belong to is settled to the
//! last request, or stored. New points never join the part that is being sent,
//! or a steady trickle could keep its cells taken for ever.

use std::{collections::VecDeque, io};

use cloudvault_obs_core::{journal::Position, metric::Kind};

use super::Spill;
use crate::{
    aggregate::{Aggregate, Limits},
    batch::{Batch, Datum, batches, of_data},
};

/// Drained points on their way.
#[derive(Debug)]
pub struct Pending {
    sending: VecDeque<(Origin, Batch)>,
    /// The journal's position after the last point of what is being sent.
    sending_upto: Option<Position>,
    growing: Aggregate,
    growing_upto: Option<Position>,
    settled: Option<Position>,
    spill: Spill,
    /// The extension's own data: they ride along with the next points.
    own: Vec<Datum>,
    /// Whether the first request may have been taken already.
    ambiguous: bool,
}

/// Where a request is safe while it is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Nowhere but in the journal.
    Memory,
    /// In the spill file.
    Spill,
}

impl Pending {
    /// Nothing waits but what the spill file holds.
    #[must_use]
    pub fn new(limits: Limits, spill: Spill) -> Self {
        Self {
            sending: VecDeque::new(),
            sending_upto: None,
            growing: Aggregate::new(limits),
            growing_upto: None,
            settled: None,
            spill,
            own: Vec::new(),
            ambiguous: false,
        }
    }

    /// The aggregate that new points join; [`Pending::reach`] comes after.
    pub fn growing(&mut self) -> &mut Aggregate {
        &mut self.growing
    }

    /// Says that everything before `position` has been drained.
    pub fn reach(&mut self, position: Position) {
        self.growing_upto = Some(position);
    }

    /// Adds data of one value each that cause no request of their own: they wait
    /// until one of their namespace leaves. What waits already is added up.
    pub fn ride_along(&mut self, own: Vec<Datum>) {
        for datum in own {
            match self
                .own
                .iter_mut()
                .find(|other| other.series == datum.series)
            {
                Some(other) if datum.series.kind == Kind::Counter => {
                    other.values[0].0 += datum.values[0].0;
                    other.timestamp_ms = datum.timestamp_ms;
                }
                Some(other) => *other = datum,
                None => self.own.push(datum),
            }
        }
    }

    /// Whether the next request has to be made of what grew: that is when data
    /// can ride along.
    #[must_use]
    pub fn will_gather(&self) -> bool {
        self.sending.is_empty() && !self.growing.is_empty()
    }

    /// The next request to send: what is newer first, since alarms look at it.
    pub fn front(&mut self, now_ms: i64) -> Option<&Batch> {
        if self.sending.is_empty() {
            if self.growing.is_empty() {
                let stored = self.spill.front();
                self.sending
                    .extend(stored.map(|batch| (Origin::Spill, batch)));
            } else {
                self.gather(now_ms);
            }
        }
        self.sending.front().map(|(_, batch)| batch)
    }

    fn gather(&mut self, now_ms: i64) {
        self.settled = self.sending_upto.take().or(self.settled);
        self.sending_upto = self.growing_upto.take();
        let mut requests = batches(self.growing.take(now_ms));
        let own = std::mem::take(&mut self.own);
        // All of it is of one namespace.
        let namespace = own.first().map(|own| own.series.namespace.as_str());
        let last = requests
            .iter_mut()
            .rev()
            .find(|request| Some(request.namespace.as_str()) == namespace);
        match last {
            Some(last) if last.has_room(&own) => last.data.extend(own),
            Some(_) => requests.extend(of_data(own)),
            None => self.own = own,
        }
        self.sending = of_memory(requests).collect();
    }

    /// Takes the request that [`Pending::front`] showed: it is settled.
    pub fn settle(&mut self) -> Option<Batch> {
        let (origin, batch) = self.sending.pop_front()?;
        self.ambiguous = false;
        if origin == Origin::Spill {
            self.spill.account(batch.points());
            if self.sending.iter().all(is_of_memory) {
                self.spill.settle();
            }
        }
        Some(batch)
    }

    /// Puts two halves in the place of the first request.
    pub fn replace_front(&mut self, halves: (Batch, Batch)) {
        if let Some((origin, _)) = self.sending.pop_front() {
            self.sending.push_front((origin, halves.1));
            self.sending.push_front((origin, halves.0));
        }
        self.ambiguous = false;
    }

    /// Notes that the first request may have been taken.
    pub fn doubt(&mut self) {
        self.ambiguous = true;
    }

    /// Whether the first request may have been taken, and is sent again.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Moves what is only in memory to the spill file; gives the points moved.
    /// They are safe there, and their cells can be released.
    ///
    /// # Errors
    ///
    /// When the file is full, or the disk; then everything still waits.
    pub fn store(&mut self, now_ms: i64) -> io::Result<u64> {
        let requests = batches(self.growing.take(now_ms));
        self.sending.extend(of_memory(requests));
        self.sending_upto = self.growing_upto.take().or(self.sending_upto);
        let of_memory = self.sending.iter().filter(|item| is_of_memory(item));
        self.spill.store(of_memory.map(|(_, batch)| batch))?;
        let moved = self.points();
        self.ambiguous &= self.sending.front().is_some_and(|item| !is_of_memory(item));
        self.sending.retain(|item| !is_of_memory(item));
        Ok(moved)
    }

    /// How far everything is settled, if that is further than at the last call.
    pub fn release(&mut self) -> Option<Position> {
        if !self.sending.iter().any(is_of_memory) {
            self.settled = self.sending_upto.take().or(self.settled);
            if self.growing.is_empty() {
                self.settled = self.growing_upto.take().or(self.settled);
            }
        }
        self.settled.take()
    }

    /// Points in memory. Those of the spill file are not among them.
    #[must_use]
    pub fn points(&self) -> u64 {
        let of_memory = self.sending.iter().filter(|item| is_of_memory(item));
        let sending: u64 = of_memory.map(|(_, batch)| batch.points()).sum();
        sending + self.growing.points()
    }

    /// The spill file.
    #[must_use]
    pub fn spill(&self) -> &Spill {
        &self.spill
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sending.is_empty() && self.growing.is_empty() && self.spill.is_empty()
    }
}

fn of_memory(requests: VecDeque<Batch>) -> impl Iterator<Item = (Origin, Batch)> {
    requests.into_iter().map(|batch| (Origin::Memory, batch))
}

fn is_of_memory((origin, _): &(Origin, Batch)) -> bool {
    *origin == Origin::Memory
}
