//! The events that wait for delivery: bounded, and counting what found no room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::event::{Event, Kind, logs_dropped};
use super::subscription::{Buffering, Subscription};

/// Before a subscription this much is kept, and behind a slow subscriber this many batches.
const BACKLOG: Buffering = Buffering {
    max_items: 10_000,
    max_bytes: 1_048_576,
    timeout: Duration::from_secs(1),
};
const BATCHES: usize = 8;

/// Who takes the events.
#[derive(Debug)]
enum Subscriber {
    /// The initialization is not over, so a subscription may come.
    Awaited,
    /// Nobody asked in time.
    Nobody,
    /// This one.
    Known(Subscription),
}

/// Whether the environment runs. Lambda freezes it between invocations, so what is left then
/// arrives with the next one, or at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// By the subscription's limits.
    Running,
    /// Nothing is delivered.
    Frozen,
    /// Everything at once: the environment is about to end.
    Hurried,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Due {
    /// Send this batch.
    Now(Subscription, Vec<Event>),
    /// Ask again then, or when something changed.
    At(Instant),
    /// Ask again when something changed.
    Waiting,
}

/// The queue of one environment.
#[derive(Debug)]
pub(crate) struct Buffer {
    subscriber: Subscriber,
    pace: Pace,
    events: VecDeque<Event>,
    bytes: usize,
    /// When the oldest event came in.
    since: Option<Instant>,
    dropped: (u64, u64),
}

impl Buffer {
    /// An empty queue that awaits a subscription.
    pub(crate) fn new() -> Buffer {
        Buffer {
            subscriber: Subscriber::Awaited,
            pace: Pace::Running,
            events: VecDeque::new(),
            bytes: 0,
            since: None,
            dropped: (0, 0),
        }
    }

    /// Queues an event, if somebody wants it or may come to want it.
    pub(crate) fn push(&mut self, event: Event, now: Instant) {
        let (items, bytes) = match &self.subscriber {
            Subscriber::Nobody => return,
            Subscriber::Known(wanted) if !wanted.types.contains(&event.kind) => return,
            Subscriber::Known(wanted) => (
                wanted.buffering.max_items * BATCHES,
                wanted.buffering.max_bytes * BATCHES,
            ),
            Subscriber::Awaited => (BACKLOG.max_items, BACKLOG.max_bytes),
        };
        if self.events.len() >= items || self.bytes + event.json.len() > bytes {
            self.dropped.0 += 1;
            self.dropped.1 += event.json.len() as u64;
            return;
        }
        self.bytes += event.json.len();
        self.since.get_or_insert(now);
        self.events.push_back(event);
    }

    /// Takes a subscription; what waits and is not wanted goes.
    pub(crate) fn subscribe(&mut self, wanted: Subscription) {
        self.events
            .retain(|event| wanted.types.contains(&event.kind));
        self.bytes = self.events.iter().map(|event| event.json.len()).sum();
        self.subscriber = Subscriber::Known(wanted);
    }

    /// The initialization is over: without a subscription nothing is kept from now on.
    pub(crate) fn close(&mut self) {
        if matches!(self.subscriber, Subscriber::Awaited) {
            self.subscriber = Subscriber::Nobody;
            self.events.clear();
            self.bytes = 0;
        }
    }

    /// Sets the pace.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// The next batch, if its time has come. `at` is the wall clock for `logsDropped`.
    pub(crate) fn due(&mut self, now: Instant, at: i64) -> Due {
        let Subscriber::Known(wanted) = &self.subscriber else {
            return Due::Waiting;
        };
        if self.pace == Pace::Frozen || (self.events.is_empty() && self.dropped.0 == 0) {
            return Due::Waiting;
        }
        let limits = wanted.buffering;
        let full = self.events.len() >= limits.max_items || self.bytes >= limits.max_bytes;
        let deadline = self.since.map_or(now, |since| since + limits.timeout);
        if !full && self.pace == Pace::Running && now < deadline {
            return Due::At(deadline);
        }
        let wanted = wanted.clone();
        let mut batch = self.take(limits);
        let (records, bytes) = std::mem::take(&mut self.dropped);
        if records > 0 && wanted.types.contains(&Kind::Platform) {
            batch.push(logs_dropped(at, records, bytes));
        }
        self.since = (!self.events.is_empty()).then_some(now);
        if batch.is_empty() {
            return Due::Waiting;
        }
        Due::Now(wanted, batch)
    }

    /// Puts a batch back that could not be delivered, before everything else.
    pub(crate) fn put_back(&mut self, batch: Vec<Event>, now: Instant) {
        for event in batch.into_iter().rev() {
            self.bytes += event.json.len();
            self.events.push_front(event);
        }
        self.since = Some(now);
    }

    fn take(&mut self, limits: Buffering) -> Vec<Event> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(event) = self.events.pop_front() {
            let over =
                bytes + event.json.len() > limits.max_bytes || batch.len() >= limits.max_items;
            // One event may be larger than a batch: it goes alone.
            if over && !batch.is_empty() {
                self.events.push_front(event);
                break;
            }
            bytes += event.json.len();
            batch.push(event);
        }
        self.bytes -= bytes;
        batch
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event::line;
    use super::*;

    fn subscription(types: &[&str]) -> Subscription {
        let body = json!({
            "schemaVersion": "2025-01-29", "types": types,
            "buffering": {"maxItems": 1000, "maxBytes": 262_144, "timeoutMs": 1000},
            "destination": {"protocol": "HTTP", "URI": "http://127.0.0.1:1"},
        });
        Subscription::parse(body.to_string().as_bytes()).expect("valid")
    }

    fn fill(buffer: &mut Buffer, kind: Kind, events: usize, now: Instant) {
        for _ in 0..events {
            buffer.push(line(0, kind, "x"), now);
        }
    }

    fn sizes(buffer: &mut Buffer, now: Instant) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Due::Now(_, batch) = buffer.due(now, 0) {
            sizes.push(batch.len());
        }
        sizes
    }

    #[test]
    fn what_came_before_the_subscription_is_delivered_if_it_is_wanted() {
        let now = Instant::now();
        let mut buffer = Buffer::new();
        fill(&mut buffer, Kind::Platform, 2, now);
        fill(&mut buffer, Kind::Function, 3, now);
        assert!(matches!(buffer.due(now, 0), Due::Waiting));
        buffer.subscribe(subscription(&["platform"]));
        fill(&mut buffer, Kind::Extension, 3, now);
        let later = now + Duration::from_secs(1);
        assert!(matches!(buffer.due(now, 0), Due::At(at) if at == later));
        assert_eq!(sizes(&mut buffer, later), [2]);
    }

    #[test]
    fn a_full_batch_does_not_wait_and_a_frozen_environment_gets_nothing() {
        let now = Instant::now();
        let mut buffer = Buffer::new();
        buffer.subscribe(subscription(&["function"]));
        fill(&mut buffer, Kind::Function, 2500, now);
        buffer.set_pace(Pace::Frozen);
        assert_eq!(
            sizes(&mut buffer, now + Duration::from_secs(9)),
            [0usize; 0]
        );
        buffer.set_pace(Pace::Running);
        assert_eq!(sizes(&mut buffer, now), [1000, 1000]);
        buffer.set_pace(Pace::Hurried);
        assert_eq!(sizes(&mut buffer, now), [500]);
    }

    #[test]
    fn events_without_room_are_counted_and_the_subscriber_is_told() {
        let now = Instant::now();
        let mut buffer = Buffer::new();
        buffer.subscribe(subscription(&["function", "platform"]));
        fill(&mut buffer, Kind::Function, 8007, now);
        let mut delivered = Vec::new();
        buffer.set_pace(Pace::Hurried);
        while let Due::Now(_, batch) = buffer.due(now, 0) {
            delivered.extend(batch);
        }
        let told: Vec<&Event> = delivered
            .iter()
            .filter(|e| e.kind == Kind::Platform)
            .collect();
        assert_eq!((delivered.len(), told.len()), (8001, 1));
        assert!(
            told[0].json.contains("\"droppedRecords\":7"),
            "{}",
            told[0].json
        );
    }

    #[test]
    fn a_batch_that_failed_comes_again_first() {
        let now = Instant::now();
        let mut buffer = Buffer::new();
        buffer.subscribe(subscription(&["function"]));
        buffer.set_pace(Pace::Hurried);
        buffer.push(line(0, Kind::Function, "first"), now);
        let Due::Now(_, batch) = buffer.due(now, 0) else {
            panic!("due")
        };
        buffer.push(line(0, Kind::Function, "second"), now);
        buffer.put_back(batch, now);
        let Due::Now(_, batch) = buffer.due(now, 0) else {
            panic!("due")
        };
        assert!(batch[0].json.contains("first") && batch[1].json.contains("second"));
        assert!(matches!(buffer.due(now, 0), Due::Waiting));
    }

    #[test]
    fn without_a_subscription_nothing_is_kept_after_the_initialization() {
        let now = Instant::now();
        let mut buffer = Buffer::new();
        fill(&mut buffer, Kind::Platform, 2, now);
        buffer.close();
        fill(&mut buffer, Kind::Platform, 2, now);
        assert_eq!((buffer.events.len(), buffer.bytes), (0, 0));
    }
}
