//! The open spans of an observer, by id.
//!
//! A span is opened, asked for and closed from any thread; mostly it is one. So
//! there are several tables, each with a lock of its own that is held for a copy at
//! most, and a thread opens its spans in one of them. Nothing of the user's runs
//! under a lock, so a value that opens spans while it is formatted waits for none.

use std::{
    cell::Cell,
    fmt,
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing::span::Id;

/// Tables; threads beyond their number share one.
const TABLES: usize = 16;
const TABLE_BITS: u32 = TABLES.trailing_zeros();
/// An empty table that has grown beyond this many spans gives its memory back.
const KEEP: usize = 256;

/// Open spans, each with its `T`.
pub(super) struct Spans<T> {
    tables: [Table<T>; TABLES],
}

/// On cache lines of its own: the neighbour is another thread's.
#[repr(align(128))]
struct Table<T>(Mutex<Slots<T>>);

struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// Indices of the slots without a span.
    free: Vec<u32>,
    /// Of the span opened last: an id is never used twice in four thousand million.
    generation: NonZeroU32,
}

struct Slot<T> {
    generation: NonZeroU32,
    /// How many hold the span.
    handles: usize,
    span: Option<T>,
}

/// Where a span is.
#[derive(Clone, Copy)]
struct Place {
    generation: NonZeroU32,
    index: u32,
    table: usize,
}

impl Place {
    fn id(self) -> Id {
        let low = self.index << TABLE_BITS | self.table as u32;
        Id::from_u64(u64::from(self.generation.get()) << 32 | u64::from(low))
    }

    #[inline]
    fn of(id: u64) -> Option<Self> {
        let low = id as u32;
        Some(Self {
            generation: NonZeroU32::new((id >> 32) as u32)?,
            index: low >> TABLE_BITS,
            table: low as usize % TABLES,
        })
    }
}

/// The table in which this thread opens its spans.
#[inline]
fn own_table() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.get().unwrap_or_else(|| {
        let own = NEXT.fetch_add(1, Ordering::Relaxed) % TABLES;
        OWN.set(Some(own));
        own
    })
}

impl<T> Default for Spans<T> {
    fn default() -> Self {
        let table = |_| {
            Table(Mutex::new(Slots {
                slots: Vec::new(),
                free: Vec::new(),
                generation: NonZeroU32::MIN,
            }))
        };
        Self {
            tables: std::array::from_fn(table),
        }
    }
}

impl<T> fmt::Debug for Spans<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}

impl<T> Spans<T> {
    /// Opens a span, which `named` tells its id.
    #[inline]
    pub(super) fn open(&self, span: T, named: impl FnOnce(&mut T, &Id)) -> Id {
        let table = own_table();
        let mut slots = self.lock(table);
        let generation = slots.next_generation();
        let index = slots.reserve();
        let place = Place {
            generation,
            index,
            table,
        };
        let id = place.id();
        let slot = &mut slots.slots[index as usize];
        (slot.generation, slot.handles) = (generation, 1);
        named(slot.span.insert(span), &id);
        id
    }

    /// What `look` finds at an open span.
    #[inline]
    pub(super) fn with<R>(&self, id: u64, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        let place = Place::of(id)?;
        let mut slots = self.lock(place.table);
        slots.at(place)?.span.as_mut().map(look)
    }

    /// One more holds the span.
    pub(super) fn hold(&self, id: u64) {
        if let Some(place) = Place::of(id)
            && let Some(slot) = self.lock(place.table).at(place)
        {
            slot.handles += 1;
        }
    }

    /// One less holds the span; the last one closes it.
    #[inline]
    pub(super) fn release(&self, id: u64) -> Option<T> {
        let place = Place::of(id)?;
        let mut slots = self.lock(place.table);
        let slot = slots.at(place)?;
        slot.handles -= 1;
        if slot.handles > 0 {
            return None;
        }
        let span = slot.span.take();
        slots.give_back(place.index);
        span
    }

    /// Shows every open span.
    pub(super) fn each_open(&self, mut look: impl FnMut(&mut T)) {
        for table in 0..TABLES {
            let mut slots = self.lock(table);
            let open = slots.slots.iter_mut().filter_map(|slot| slot.span.as_mut());
            open.for_each(&mut look);
        }
    }

    #[inline]
    fn lock(&self, table: usize) -> MutexGuard<'_, Slots<T>> {
        let Table(slots) = &self.tables[table];
        slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Slots<T> {
    #[inline]
    fn next_generation(&mut self) -> NonZeroU32 {
        self.generation = self.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.generation
    }

    /// A slot without a span.
    #[inline]
    fn reserve(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: self.generation,
                handles: 0,
                span: None,
            });
            // Memory ends before 28 bits of spans do.
            self.slots.len() as u32 - 1
        })
    }

    #[inline]
    fn at(&mut self, place: Place) -> Option<&mut Slot<T>> {
        let slot = self.slots.get_mut(place.index as usize)?;
        (slot.generation == place.generation && slot.handles > 0).then_some(slot)
    }

    #[inline]
    fn give_back(&mut self, index: u32) {
        self.free.push(index);
        if self.free.len() == self.slots.len() && self.slots.len() > KEEP {
            (self.slots, self.free) = (Vec::new(), Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_span_is_there_until_its_last_holder_lets_it_go() {
        let spans = Spans::default();
        let id = spans.open("a", |_, _| ()).into_u64();
        assert_eq!(spans.with(id, |span| *span), Some("a"));
        spans.hold(id);
        assert_eq!(spans.release(id), None);
        assert_eq!(spans.release(id), Some("a"));
        assert_eq!((spans.with(id, |_| ()), spans.release(id)), (None, None));
        spans.hold(id);
        assert_eq!(spans.release(id), None);
    }

    #[test]
    fn the_id_of_a_closed_span_is_not_the_next_ones() {
        let spans = Spans::default();
        let first = spans.open(1, |_, _| ()).into_u64();
        spans.release(first);
        let second = spans.open(2, |_, _| ()).into_u64();
        assert_ne!(first, second);
        assert_eq!(spans.with(first, |_| ()), None);
        assert_eq!(spans.with(second, |span| *span), Some(2));
    }

    #[test]
    fn an_id_that_was_never_given_finds_nothing() {
        let spans = Spans::<()>::default();
        for id in [0, 1, u64::MAX, 1 << 32, 2 << 32 | 5] {
            assert_eq!(spans.with(id, |()| ()), None);
            spans.hold(id);
            assert_eq!(spans.release(id), None);
        }
    }

    #[test]
    fn memory_that_many_spans_at_once_have_grown_is_given_back() {
        let spans = Spans::default();
        let open: Vec<_> = (0..10_000)
            .map(|number| spans.open(number, |_, _| ()))
            .collect();
        let table = own_table();
        assert!(spans.lock(table).slots.capacity() >= 10_000);
        for (number, id) in (0..).zip(&open) {
            assert_eq!(spans.release(id.into_u64()), Some(number));
        }
        assert_eq!(spans.lock(table).slots.capacity(), 0);
        let again = spans.open(1, |_, _| ()).into_u64();
        assert!(open.iter().all(|id| id.into_u64() != again));
    }

    proptest! {
        /// Whatever is opened, held and let go on whichever thread, each span is found
        /// by its own id and closes exactly once.
        #[test]
        fn every_span_closes_once(steps in prop::collection::vec((0..4_u8, 0..8_usize), 0..200)) {
            let spans = Spans::default();
            let mut model: Vec<(u64, usize, usize)> = Vec::new();
            for (number, (step, pick)) in steps.into_iter().enumerate() {
                let picked = (!model.is_empty()).then(|| pick % model.len().max(1));
                match (step, picked) {
                    (0, _) => model.push((spans.open(number, |_, _| ()).into_u64(), number, 1)),
                    (1, _) => {
                        let open = || spans.open(number, |_, _| ()).into_u64();
                        let id = std::thread::scope(|scope| scope.spawn(open).join().unwrap());
                        model.push((id, number, 1));
                    }
                    (2, Some(at)) => {
                        spans.hold(model[at].0);
                        model[at].2 += 1;
                    }
                    (_, Some(at)) => {
                        let (id, span, holders) = model[at];
                        prop_assert_eq!(spans.release(id), (holders == 1).then_some(span));
                        model[at].2 -= 1;
                        model.retain(|(_, _, holders)| *holders > 0);
                    }
                    (_, None) => {}
                }
                for (id, span, _) in &model {
                    prop_assert_eq!(spans.with(*id, |span| *span), Some(*span));
                }
            }
        }
    }
}
