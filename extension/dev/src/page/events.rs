//! `GET /api/events`: tells the page what kind of thing changed, not what: the page
//! asks for what it shows. A burst of changes is one event a kind.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::future::ready;
use futures_util::stream::{Stream, StreamExt, once, unfold};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::Page;
use crate::account::Change;

/// Between two events of one kind: at most five a second.
const REST: Duration = Duration::from_millis(200);

/// Keeps proxies and browsers from taking a quiet account for a dead one.
const ALIVE: Duration = Duration::from_secs(15);

/// Every kind with the name of its event.
const KINDS: [(Change, &str); 7] = [
    (Change::Log, "log"),
    (Change::Trace, "trace"),
    (Change::Metric, "metric"),
    (Change::Alarm, "alarm"),
    (Change::Notification, "notification"),
    (Change::Invocation, "invocation"),
    (Change::Dashboard, "dashboard"),
];

/// `GET /api/events`
pub(super) async fn stream(
    State(page): State<Page>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let names = names(page.account.changes.subscribe());
    let events = names.map(|name| Ok(Event::default().event(name).data("{}")));
    // The answer's head leaves with its first bytes: without any, a page that opens
    // on a quiet account would not know that it is connected.
    let greeting = once(ready(Ok(Event::default().comment("connected"))));
    Sse::new(greeting.chain(events)).keep_alive(KeepAlive::new().interval(ALIVE))
}

/// The names of changed kinds, each at most once in [`REST`]; ends with the account.
fn names(changes: Receiver<Change>) -> impl Stream<Item = &'static str> {
    let state = Gathering {
        changes,
        pending: BTreeSet::new(),
        ready: VecDeque::new(),
        not_before: Instant::now(),
    };
    unfold(state, |mut state| async move {
        let name = state.next().await?;
        Some((name, state))
    })
}

struct Gathering {
    changes: Receiver<Change>,
    /// Kinds that changed since the last time the page was told.
    pending: BTreeSet<&'static str>,
    /// What the page is being told now.
    ready: VecDeque<&'static str>,
    not_before: Instant,
}

impl Gathering {
    async fn next(&mut self) -> Option<&'static str> {
        loop {
            if let Some(name) = self.ready.pop_front() {
                return Some(name);
            }
            tokio::select! {
                // In this order, since a flood of changes must not keep the page waiting.
                biased;
                () = sleep_until(self.not_before), if !self.pending.is_empty() => {
                    self.ready.extend(std::mem::take(&mut self.pending));
                    self.not_before = Instant::now() + REST;
                }
                change = self.changes.recv() => self.note(change)?,
            }
        }
    }

    fn note(&mut self, change: Result<Change, RecvError>) -> Option<()> {
        let named = |change: Change| {
            KINDS
                .iter()
                .find(|(kind, _)| *kind == change)
                .map(|(_, name)| *name)
        };
        match change {
            Ok(change) => self.pending.extend(named(change)),
            // Too slow for the account: which kinds were missed is not known.
            Err(RecvError::Lagged(_)) => self.pending.extend(KINDS.map(|(_, name)| name)),
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::sync::broadcast;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_one_event_a_kind() {
        let (sender, receiver) = broadcast::channel(16);
        for _ in 0..5 {
            sender.send(Change::Log).unwrap();
            sender.send(Change::Metric).unwrap();
        }
        let start = Instant::now();
        let mut names = pin!(names(receiver));
        assert_eq!(
            names.next().await,
            Some("log"),
            "the first change is told at once"
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(names.next().await, Some("log"));
        assert_eq!(names.next().await, Some("metric"));
        assert_eq!(start.elapsed(), REST);
        drop(sender);
        assert_eq!(names.next().await, None, "the stream ends with the account");
    }

    #[tokio::test(start_paused = true)]
    async fn a_kind_is_told_at_most_five_times_a_second() {
        let (sender, receiver) = broadcast::channel(16);
        let mut names = pin!(names(receiver));
        let start = Instant::now();
        let mut told = 0;
        while start.elapsed() < Duration::from_secs(2) {
            sender.send(Change::Log).unwrap();
            assert_eq!(names.next().await, Some("log"));
            told += 1;
        }
        assert!((9..=11).contains(&told), "told {told} times in 2 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_lagged_is_told_of_every_kind() {
        let (sender, receiver) = broadcast::channel(2);
        for _ in 0..10 {
            sender.send(Change::Log).unwrap();
        }
        let told: Vec<_> = names(receiver).take(KINDS.len()).collect().await;
        let mut known: Vec<_> = KINDS.map(|(_, name)| name).to_vec();
        known.sort_unstable();
        assert_eq!(told, known);
    }
}
