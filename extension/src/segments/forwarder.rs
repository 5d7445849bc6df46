//! Sends what waits in the spool, within the time of a flush.

use std::{collections::VecDeque, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    Document, Spool,
    aws::{Unprocessed, XRay},
};
use crate::{
    clock::Moment,
    cloudwatch::{Class, PutError, classify},
    flush::{Breaker, Jitter, Stop, delivery::ATTEMPT, delivery::GRACE, pipeline::STALE_MS},
};

/// X-Ray takes at most so many documents a call.
const MOST: usize = 50;
/// And so many bytes of them, far below the 5 MB at which a request is too large.
const MOST_BYTES: usize = 1 << 20;
/// A document that X-Ray refuses so often for what it holds is dropped.
const REFUSALS: u32 = 3;

/// What became of every document. Counters of one process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentTally {
    /// Documents that an earlier process left.
    pub found: u64,
    /// Documents that X-Ray took.
    pub forwarded: u64,
    /// Documents that X-Ray refused each time, or whose writer was killed.
    pub dropped: u64,
    /// Times that a document was answered as unprocessed.
    pub unprocessed: u64,
    /// Documents sent again though X-Ray may have taken them. It keeps one an id,
    /// so they count once.
    pub resent: u64,
    /// Requests begun.
    pub requests: u64,
    /// Of these, those not answered 200.
    pub errors: u64,
}

/// Spool, connection and what is between them.
#[derive(Debug)]
pub struct Forwarder {
    spool: Spool,
    xray: Option<XRay>,
    /// Taken from the spool, not settled.
    taken: VecDeque<Document>,
    /// How many go in the next request: fewer than [`MOST`] after one was refused.
    most: usize,
    /// Whether the first of `taken` may have been taken by X-Ray as well.
    doubted: usize,
    breaker: Breaker,
    last: Option<Moment>,
    tally: SegmentTally,
}

/// What to do next.
enum Next {
    Go,
    Wait(PutError),
    Stop(PutError),
}

impl Forwarder {
    /// Forwards what is in `spool`.
    #[must_use]
    pub fn new(mut spool: Spool, xray: XRay) -> Self {
        let found = spool.left();
        Self {
            spool,
            xray: Some(xray),
            tally: SegmentTally {
                found,
                ..SegmentTally::default()
            },
            ..Self::off()
        }
    }

    /// Forwards nothing.
    #[must_use]
    pub fn off() -> Self {
        Self {
            spool: Spool::none(),
            xray: None,
            taken: VecDeque::new(),
            most: MOST,
            doubted: 0,
            breaker: Breaker::default(),
            last: None,
            tally: SegmentTally::default(),
        }
    }

    /// Whether documents wait.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.xray.is_some() && (!self.taken.is_empty() || self.spool.waits())
    }

    /// What became of every document so far.
    #[must_use]
    pub fn tally(&self) -> SegmentTally {
        self.tally
    }

    /// Documents that wait: the next process has them, if there is one.
    pub fn left(&mut self) -> u64 {
        self.taken.len() as u64 + self.spool.left()
    }

    /// How often the spool failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.spool.failures()
    }

    /// This is a copy of the environment that connected and failed.
    pub fn renew(&mut self) {
        self.breaker = Breaker::default();
        self.last = None;
        self.xray.iter_mut().for_each(XRay::reconnect);
    }

    /// Whether X-Ray is worth a try.
    #[must_use]
    pub fn allows(&self, now: Moment) -> bool {
        self.breaker.allows(now)
    }

    /// Sends for at most `budget`; what is not sent then stays. Tells the last
    /// failure that left something.
    pub async fn forward(
        &mut self,
        budget: Duration,
        now: Moment,
        jitter: &mut Jitter,
        stop: &Stop,
    ) -> Option<PutError> {
        let mut xray = self.xray.take()?;
        if let Some(last) = self.last.replace(now)
            && (now.since(last) > STALE_MS || now.leapt(last))
        {
            xray.reconnect();
        }
        let failed = self.send(&mut xray, budget, jitter, stop).await;
        self.xray = Some(xray);
        match &failed {
            Some(_) => self.breaker.fail(now, jitter),
            None => self.breaker.succeed(),
        }
        failed
    }

    async fn send(
        &mut self,
        xray: &mut XRay,
        budget: Duration,
        jitter: &mut Jitter,
        stop: &Stop,
    ) -> Option<PutError> {
        let until = Instant::now() + budget;
        let left = || until.saturating_duration_since(Instant::now());
        let (mut failed, mut failures) = (None, 0);
        while !left().is_zero() && !stop.is_asked() {
            self.fill();
            let count = self.in_next();
            if count == 0 {
                self.tally.dropped += self.spool.empty();
                break;
            }
            let answer = self.attempt(xray, count, left().min(ATTEMPT), stop).await;
            match self.judge(count, answer) {
                Next::Go => (failed, failures) = (None, 0),
                Next::Stop(error) => return Some(error),
                Next::Wait(error) => {
                    failed = Some(error);
                    failures += 1;
                    let wait = jitter.wait(failures);
                    // A wait that outlasts the budget only burns billed time.
                    if wait >= left() {
                        break;
                    }
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = stop.asked() => {}
                    }
                }
            }
        }
        failed
    }

    /// One request with the first `count` documents.
    async fn attempt(
        &mut self,
        xray: &mut XRay,
        count: usize,
        limit: Duration,
        stop: &Stop,
    ) -> Result<Vec<Unprocessed>, PutError> {
        self.tally.requests += 1;
        self.tally.resent += self.doubted.min(count) as u64;
        self.doubted = 0;
        let documents: Vec<_> = self.taken.iter().take(count).collect();
        let mut request = std::pin::pin!(xray.put(&documents, limit));
        tokio::select! {
            answer = &mut request => answer,
            () = stop.asked() => timeout(limit.min(GRACE), &mut request)
                .await
                .unwrap_or_else(|_| Err(unanswered())),
        }
    }

    fn fill(&mut self) {
        while self.taken.len() < MOST {
            let more = self.spool.take(MOST - self.taken.len());
            if more.is_empty() {
                break;
            }
            self.taken.extend(more);
        }
    }

    /// How many of those taken fit into the next request.
    fn in_next(&self) -> usize {
        let mut bytes = 0;
        let fits = self.taken.iter().take(self.most).take_while(|document| {
            let first = bytes == 0;
            bytes += document.text.len();
            first || bytes <= MOST_BYTES
        });
        fits.count()
    }

    fn judge(&mut self, count: usize, answer: Result<Vec<Unprocessed>, PutError>) -> Next {
        let error = match answer {
            Ok(unprocessed) => return self.taken_by_xray(count, &unprocessed),
            Err(error) => error,
        };
        self.tally.errors += 1;
        match error.class {
            Class::Throttled | Class::Transient => Next::Wait(error),
            Class::Unconfirmed => {
                self.doubted = count;
                Next::Wait(error)
            }
            Class::Denied => Next::Stop(error),
            // One bad document must not cost its neighbours.
            Class::Unacceptable | Class::TooLarge if count > 1 => {
                self.most = count / 2;
                Next::Go
            }
            Class::Unacceptable | Class::TooLarge => {
                if let Some(document) = self.taken.pop_front() {
                    self.drop_one(&document);
                }
                Next::Go
            }
        }
    }

    /// X-Ray answered 200 for `count` documents, except these.
    fn taken_by_xray(&mut self, count: usize, unprocessed: &[Unprocessed]) -> Next {
        self.most = (self.most * 2).clamp(1, MOST);
        self.tally.unprocessed += unprocessed.len() as u64;
        let mut unnamed: Vec<_> = unprocessed.iter().collect();
        let (mut again, mut last) = (Vec::new(), None);
        for mut document in self.taken.drain(..count).collect::<Vec<_>>() {
            let named = |other: &&Unprocessed| other.id.is_some() && other.id == document.id;
            let Some(at) = unnamed.iter().position(named) else {
                self.spool.settle(&document);
                self.tally.forwarded += 1;
                continue;
            };
            let refused = unnamed.swap_remove(at);
            let class = classify(&refused.error_code, 400);
            let passing = matches!(class, Class::Throttled | Class::Transient);
            document.refusals += u32::from(!passing);
            if document.refusals >= REFUSALS {
                self.drop_one(&document);
                continue;
            }
            last = Some(PutError {
                class,
                code: refused.error_code.clone(),
                message: refused.message.chars().take(500).collect(),
            });
            again.push(document);
        }
        // Which documents these were nobody can tell: they had no id.
        let unnamed = (unnamed.len() as u64).min(self.tally.forwarded);
        self.tally.forwarded -= unnamed;
        self.tally.dropped += unnamed;
        // Others go first: one that is refused must not hold them up.
        self.taken.extend(again);
        last.map_or(Next::Go, Next::Wait)
    }

    fn drop_one(&mut self, document: &Document) {
        self.tally.dropped += 1;
        self.spool.settle(document);
    }
}

fn unanswered() -> PutError {
    PutError {
        class: Class::Unconfirmed,
        code: "NoAnswer".into(),
        message: "X-Ray did not answer before the next event".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use cloudvault_obs_core::segment::spool;

    use super::*;

    fn forwarder(path: &Path, ids: &[&str]) -> Forwarder {
        let mut bytes = spool::MAGIC.to_vec();
        for id in ids {
            spool::write(&mut bytes, format!(r#"{{"id":"{id}"}}"#).as_bytes());
        }
        fs::write(path, bytes).unwrap();
        let mut forwarder = Forwarder {
            spool: Spool::open(path).unwrap(),
            ..Forwarder::off()
        };
        forwarder.fill();
        forwarder
    }

    fn refused(id: Option<&str>, code: &str) -> Unprocessed {
        Unprocessed {
            id: id.map(str::to_owned),
            error_code: code.to_owned(),
            message: String::new(),
        }
    }

    fn waiting(forwarder: &Forwarder) -> Vec<&str> {
        let ids = forwarder.taken.iter();
        ids.filter_map(|document| document.id.as_deref()).collect()
    }

    fn counts(forwarder: &Forwarder) -> [u64; 3] {
        let tally = forwarder.tally();
        [tally.forwarded, tally.dropped, tally.unprocessed]
    }

    #[test]
    fn only_what_was_unprocessed_is_sent_again_behind_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let mut forwarder = forwarder(&dir.path().join("spool"), &["a", "b", "c", "d"]);
        let next = forwarder.judge(3, Ok(vec![refused(Some("b"), "ThrottledException")]));
        assert!(matches!(next, Next::Wait(_)));
        assert_eq!(waiting(&forwarder), ["d", "b"]);
        assert!(matches!(forwarder.judge(2, Ok(Vec::new())), Next::Go));
        assert_eq!(counts(&forwarder), [4, 0, 1]);
        assert_eq!(forwarder.left(), 0);
    }

    #[test]
    fn what_x_ray_refuses_for_good_is_dropped_and_counted_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut forwarder = forwarder(&dir.path().join("spool"), &["a", "b"]);
        for _ in 0..REFUSALS {
            let count = forwarder.taken.len();
            forwarder.judge(count, Ok(vec![refused(Some("a"), "InvalidDocument")]));
        }
        assert_eq!(counts(&forwarder), [1, 1, u64::from(REFUSALS)]);
        for _ in 0..10 {
            forwarder.judge(0, Ok(Vec::new()));
        }
        assert_eq!(forwarder.left(), 0);
    }

    #[test]
    fn a_refusal_without_an_id_counts_as_one_document_less() {
        let dir = tempfile::tempdir().unwrap();
        let mut forwarder = forwarder(&dir.path().join("spool"), &["a", "b"]);
        forwarder.judge(2, Ok(vec![refused(None, "ParseError")]));
        assert_eq!(counts(&forwarder), [1, 1, 1]);
    }

    #[test]
    fn a_request_that_is_refused_whole_is_halved_until_one_stands_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut forwarder = forwarder(&dir.path().join("spool"), &["a", "b", "c", "d"]);
        let mut sent = Vec::new();
        while !forwarder.taken.is_empty() {
            let count = forwarder.in_next();
            sent.push(count);
            let bad = waiting(&forwarder)[..count].contains(&"b");
            let refusal = PutError {
                class: Class::TooLarge,
                code: "HTTP 413".into(),
                message: String::new(),
            };
            forwarder.judge(count, if bad { Err(refusal) } else { Ok(Vec::new()) });
        }
        assert_eq!(sent, [4, 2, 1, 2, 1, 1, 1]);
        assert_eq!(counts(&forwarder), [3, 1, 0]);
    }

    #[test]
    fn a_request_without_an_answer_is_counted_when_it_is_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut forwarder = forwarder(&dir.path().join("spool"), &["a", "b"]);
        assert!(matches!(
            forwarder.judge(2, Err(unanswered())),
            Next::Wait(_)
        ));
        assert_eq!((forwarder.doubted, waiting(&forwarder).len()), (2, 2));
    }
}
