//! The law that holds at every fault, under every policy: points recorded =
//! delivered + written as EMF + dropped and counted + still waiting, in the
//! journal or in the spill file; and no cell is given back before its point is
//! safe.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{cell::RefCell, collections::BTreeMap, future::pending, time::Duration};

use cloudvault_obs_core::{
    journal::{Draining, Journal, Layout, Reader, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use cloudvault_obs_extension::{
    aggregate::Limits,
    batch::Batch,
    clock::Moment,
    cloudwatch::{Class, Put, PutError},
    config::{OnTimeout, SelfMetrics},
    flush::{Own, Parts, Pipeline, Policy, Schedule, Spill, Stop},
    segments::Forwarder,
    tally::Tally,
};
use proptest::prelude::*;

const NOW_MS: i64 = 1_795_405_294_505;
/// A metric that the fake never takes.
const POISON: &str = "poison";
/// A counter, of which only the sum arrives.
const COUNTER: u8 = 5;

/// What the fake does with one request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Take,
    Throttle,
    /// Takes it, and the answer is lost.
    TakeSilently,
    /// Does not take it, and the connection is lost.
    Lose,
    Deny,
    Hang,
    /// 413.
    TooLarge,
}

/// A CloudWatch that fails as it is told, and then works.
#[derive(Debug, Default)]
struct Fake {
    answers: RefCell<Vec<Answer>>,
    /// Value to how often it was taken.
    taken: RefCell<BTreeMap<u64, u64>>,
    /// What the counter's increments came to.
    summed: RefCell<u64>,
    /// Points in requests that were answered 200.
    confirmed: RefCell<u64>,
}

impl Fake {
    fn take(&self, batch: &Batch) {
        let (counter, others): (Vec<_>, Vec<_>) = batch
            .data
            .iter()
            .filter(|datum| datum.points > 0)
            .partition(|datum| datum.series.kind == Kind::Counter);
        let sum = counter.iter().map(|datum| datum.values[0].0 as u64);
        *self.summed.borrow_mut() += sum.sum::<u64>();
        for (value, count) in others.iter().flat_map(|datum| &datum.values) {
            *self.taken.borrow_mut().entry(*value as u64).or_default() += count;
        }
    }
}

fn failed(class: Class) -> Result<(), PutError> {
    Err(PutError {
        class,
        code: "Fake".into(),
        message: String::new(),
    })
}

impl Put for &Fake {
    async fn put(&self, batch: &Batch, _limit: Duration) -> Result<(), PutError> {
        let answer = self.answers.borrow_mut().pop().unwrap_or(Answer::Take);
        let poisoned = batch.data.iter().any(|datum| datum.series.name == POISON);
        let values: usize = batch.data.iter().map(|datum| datum.values.len()).sum();
        match answer {
            // What cannot be halved is not too large.
            Answer::TooLarge if values > 1 => failed(Class::TooLarge),
            Answer::Take | Answer::TooLarge if poisoned => failed(Class::Unacceptable),
            Answer::Take | Answer::TooLarge => {
                self.take(batch);
                *self.confirmed.borrow_mut() += batch.points();
                Ok(())
            }
            Answer::TakeSilently => {
                self.take(batch);
                failed(Class::Unconfirmed)
            }
            Answer::Throttle => failed(Class::Throttled),
            Answer::Lose => failed(Class::Unconfirmed),
            Answer::Deny => failed(Class::Denied),
            Answer::Hang => pending().await,
        }
    }

    fn prepare(&self) {}

    fn reconnect(&mut self) {}
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// The handler records points of these series.
    Record(Vec<u8>),
    /// An invocation that records, some milliseconds after what was before. The
    /// policy decides when points leave.
    Invocation {
        after_ms: u32,
        budget_ms: u64,
        numbers: Vec<u8>,
    },
    /// The wall clock goes on and the other stands still.
    Freeze(u32),
    /// The wall clock is set, by up to an hour from where it began.
    SetClock(i32),
    /// The extension is killed and a new one attaches.
    Crash,
}

fn numbers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..8u8, 0..60)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => numbers().prop_map(Step::Record),
        6 => (0..20_000u32, 0..3000u64, numbers()).prop_map(|(after_ms, budget_ms, numbers)| {
            Step::Invocation { after_ms, budget_ms, numbers }
        }),
        1 => (0..600_000u32).prop_map(Step::Freeze),
        1 => (-3_600_000..3_600_000i32).prop_map(Step::SetClock),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..30)
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    prop::collection::vec(
        prop_oneof![
            4 => Just(Answer::Take),
            1 => Just(Answer::Throttle),
            1 => Just(Answer::TakeSilently),
            1 => Just(Answer::Lose),
            1 => Just(Answer::Deny),
            1 => Just(Answer::Hang),
            1 => Just(Answer::TooLarge),
        ],
        0..60,
    )
}

fn series(number: u8) -> Series {
    Series {
        namespace: if number.is_multiple_of(2) {
            "Even".into()
        } else {
            "Odd".into()
        },
        name: if number == 7 {
            POISON.into()
        } else {
            format!("m{number}")
        },
        dimensions: vec![],
        unit: Unit::Count,
        resolution: Resolution::Standard,
        kind: if number == COUNTER {
            Kind::Counter
        } else {
            Kind::Histogram
        },
    }
}

/// What a case does not change.
#[derive(Debug, Clone, Copy)]
struct Setting {
    policy: Policy,
    on_timeout: OnTimeout,
    spill_limit: u64,
    stdout_works: bool,
}

const PLAIN: Setting = Setting {
    policy: Policy::End,
    on_timeout: OnTimeout::Retry,
    spill_limit: 1 << 20,
    stdout_works: true,
};

/// The world of one case.
struct World<'a> {
    setting: Setting,
    journal: Journal,
    writer: Writer,
    fake: &'a Fake,
    pipeline: Pipeline,
    now: Moment,
    /// The values recorded of each series.
    recorded: Vec<(u8, u64)>,
    crashed: bool,
    dir: tempfile::TempDir,
}

impl<'a> World<'a> {
    fn new(fake: &'a Fake, setting: Setting) -> Self {
        // Small enough to be half full now and then.
        let journal = Journal::in_memory(Layout::new(512, 1 << 16));
        let dir = tempfile::tempdir().unwrap();
        Self {
            setting,
            writer: Writer::attach(&journal),
            fake,
            pipeline: pipeline(&journal, &dir, setting),
            journal,
            now: Moment::at(NOW_MS),
            recorded: Vec::new(),
            crashed: false,
            dir,
        }
    }

    /// Every point has a value of its own, so that it can be told which were
    /// delivered; series 6 records what CloudWatch cannot take. What finds the
    /// journal full is the library's affair.
    fn record(&mut self, numbers: &[u8]) {
        for &number in numbers {
            let value = self.recorded.len() as u64;
            let point = match number {
                6 => f64::NAN,
                COUNTER => 1.0,
                _ => value as f64,
            };
            let id = self.writer.series(&series(number)).unwrap();
            if self.writer.record(id, point, NOW_MS).is_ok() {
                self.recorded.push((number, value));
            }
        }
    }

    async fn flush(&mut self, budget_ms: u64) {
        let budget = Duration::from_millis(budget_ms);
        self.pipeline
            .deliver(&mut self.fake, budget, self.now, &Stop::default())
            .await;
        self.check();
    }

    /// As the life cycle does it.
    async fn invocation(&mut self, numbers: &[u8], budget_ms: u64) {
        self.pipeline.schedule().invoked(self.now);
        self.drain(Draining::Live);
        if self.pipeline.schedule().at_start(self.now) || self.pipeline.is_pressed() {
            self.flush(budget_ms).await;
        }
        self.record(numbers);
        self.drain(Draining::Live);
        if self.pipeline.schedule().at_end(self.now) || self.pipeline.is_pressed() {
            self.flush(budget_ms).await;
        }
    }

    fn drain(&mut self, draining: Draining) {
        self.pipeline.drain(draining, self.now);
        self.check();
    }

    fn check(&self) {
        let (tally, left) = (self.pipeline.tally(), self.pipeline.left());
        assert_eq!(
            tally.recorded + tally.found,
            tally.settled() + left.0 + left.1,
            "{tally:?} {left:?}"
        );
        assert!(left == (0, 0) || !self.pipeline.is_settled(), "{left:?}");
    }

    /// What a crash would leave: nothing may be missing from it that was not
    /// taken, dropped, written or stored.
    fn crash(&mut self) {
        self.check();
        self.crashed = true;
        self.pipeline = pipeline(&self.journal, &self.dir, self.setting);
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Record(numbers) => self.record(numbers),
            Step::Invocation {
                after_ms,
                budget_ms,
                numbers,
            } => {
                self.now.wall_ms += i64::from(*after_ms);
                self.now.mono_ms += i64::from(*after_ms);
                self.invocation(numbers, *budget_ms).await;
            }
            Step::Freeze(ms) => self.now.wall_ms += i64::from(*ms),
            Step::SetClock(ms) => self.now.wall_ms = NOW_MS + i64::from(*ms),
            Step::Crash => self.crash(),
        }
    }

    /// SHUTDOWN; gives the lines that were written.
    async fn shut_down(&mut self) -> Vec<u8> {
        self.drain(Draining::Live);
        let budget = Duration::from_millis(1500);
        self.pipeline
            .deliver_now(&mut self.fake, budget, self.now, &Stop::default())
            .await;
        self.drain(Draining::Final);
        let (mut lines, works) = (Vec::new(), self.setting.stdout_works);
        self.pipeline
            .spill(self.now.wall_ms, &|| true, &mut |bytes| {
                if !works {
                    return Err(std::io::ErrorKind::BrokenPipe.into());
                }
                lines.extend_from_slice(bytes);
                Ok(())
            });
        self.check();
        lines
    }
}

fn pipeline(journal: &Journal, dir: &tempfile::TempDir, setting: Setting) -> Pipeline {
    let path = Spill::path(&dir.path().join("journal"));
    Pipeline::new(Parts {
        reader: Reader::attach(journal),
        spill: match setting.spill_limit {
            0 => Spill::none(),
            limit => Spill::open(&path, limit).unwrap(),
        },
        limits: Limits::default(),
        on_timeout: setting.on_timeout,
        segments: Forwarder::off(),
        schedule: Schedule::new(setting.policy, Duration::from_secs(10)),
        own: Own::new(SelfMetrics::All, "Even", "test", || None),
        seed: 1,
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn run(steps: &[Step], answers: &[Answer], setting: Setting) {
    let fake = Fake {
        answers: RefCell::new(answers.to_vec()),
        ..Fake::default()
    };
    let mut world = World::new(&fake, setting);
    let lines = runtime().block_on(async {
        for step in steps {
            world.step(step).await;
        }
        world.shut_down().await
    });
    let tally = world.pipeline.tally();
    if setting.stdout_works {
        assert_eq!(world.pipeline.left(), (0, 0), "{tally:?}");
    }
    if !world.crashed {
        // One process saw every point.
        assert_eq!(tally.recorded, world.recorded.len() as u64);
        assert_eq!(tally.delivered, *fake.confirmed.borrow());
        let nan = world.recorded.iter().filter(|(number, _)| *number == 6);
        assert_eq!(tally.dropped.value, nan.count() as u64);
    }
    // What is left is the next process's, and nothing else is.
    fake.answers.borrow_mut().clear();
    world.setting.stdout_works = true;
    world.crash();
    let more = runtime().block_on(world.shut_down());
    let found = world.pipeline.tally();
    assert_eq!(world.pipeline.left(), (0, 0), "{found:?}");
    assert_eq!(
        world.pipeline.journal_totals().released,
        world.recorded.len() as u64
    );
    at_least_once(&world, &[lines, more].concat(), &[tally, found]);
}

/// Nothing that CloudWatch could take is missing, unless it was dropped on
/// request, and counted.
fn at_least_once(world: &World<'_>, lines: &[u8], tallies: &[Tally]) {
    let written = String::from_utf8_lossy(lines);
    let (mut emf, mut summed) = (Vec::new(), *world.fake.summed.borrow());
    for line in written.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        emf.extend(emf_values(&line));
        summed += line["m5"].as_f64().unwrap_or(0.0) as u64;
    }
    let dropped: u64 = tallies.iter().map(|tally| tally.dropped.unconfirmed).sum();
    let excused = dropped > 0 || (world.setting.on_timeout == OnTimeout::Drop && world.crashed);
    for &(number, value) in &world.recorded {
        let safe = world.fake.taken.borrow().contains_key(&value) || emf.contains(&(value as f64));
        assert!(
            safe || excused || number >= COUNTER,
            "point {value} of series {number} is lost: {tallies:?}"
        );
    }
    let counted = world
        .recorded
        .iter()
        .filter(|(number, _)| *number == COUNTER);
    let counted = counted.count() as u64;
    assert!(
        summed >= counted || excused,
        "{summed} of {counted}: {tallies:?}"
    );
}

fn emf_values(line: &serde_json::Value) -> Vec<f64> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        .as_array()
        .unwrap();
    let target = |name: &serde_json::Value| line[name["Name"].as_str().unwrap()].clone();
    metrics
        .iter()
        .map(target)
        .flat_map(|target| match target {
            serde_json::Value::Array(values) => values,
            serde_json::Value::Object(object) => object["Values"].as_array().unwrap().clone(),
            number => vec![number],
        })
        .map(|number| number.as_f64().unwrap())
        .collect()
}

fn setting() -> impl Strategy<Value = Setting> {
    let policy = prop_oneof![
        Just(Policy::End),
        Just(Policy::Periodic),
        Just(Policy::Continuous),
        Just(Policy::Adaptive),
    ];
    let spill_limit = prop_oneof![Just(0), Just(5_000), Just(1 << 20)];
    (policy, any::<bool>(), spill_limit, any::<bool>()).prop_map(
        |(policy, retry, spill_limit, stdout_works)| Setting {
            policy,
            on_timeout: if retry {
                OnTimeout::Retry
            } else {
                OnTimeout::Drop
            },
            spill_limit,
            stdout_works,
        },
    )
}

proptest! {
    #[test]
    fn points_recorded_are_points_accounted_for_whatever_fails(
        steps in steps(), answers in answers(), setting in setting(),
    ) {
        run(&steps, &answers, setting);
    }
}

/// Runs one invocation after another; gives the lines and the last tally.
fn live(world: &mut World<'_>, invocations: &[&[u8]]) -> (Vec<u8>, Tally) {
    let lines = runtime().block_on(async {
        for numbers in invocations {
            world.invocation(numbers, 2000).await;
        }
        world.shut_down().await
    });
    (lines, world.pipeline.tally())
}

#[test]
fn one_refused_datum_costs_its_neighbours_nothing() {
    let fake = Fake::default();
    let mut world = World::new(&fake, PLAIN);
    let (_, tally) = live(&mut world, &[&[1, 3, 5, 7, 1, 3, 5]]);
    assert_eq!(
        (tally.delivered, tally.dropped.refused, tally.emf),
        (6, 1, 0)
    );
}

#[test]
fn a_request_that_is_too_large_is_halved_down_to_what_fits() {
    let fake = Fake {
        answers: RefCell::new(vec![Answer::TooLarge; 3]),
        ..Fake::default()
    };
    let mut world = World::new(&fake, PLAIN);
    let (_, tally) = live(&mut world, &[&[1, 1, 1, 1, 1, 1, 1, 1]]);
    assert_eq!((tally.delivered, tally.dropped.total()), (8, 0));
    // One request of eight values, halved thrice.
    assert_eq!((tally.put_requests, tally.put_errors), (7, 3));
}

#[test]
fn a_request_that_may_have_been_taken_is_counted_when_it_is_sent_again() {
    let fake = Fake {
        answers: RefCell::new(vec![Answer::Take, Answer::Throttle, Answer::TakeSilently]),
        ..Fake::default()
    };
    let mut world = World::new(&fake, PLAIN);
    let (_, tally) = live(&mut world, &[&[1, 1]]);
    assert_eq!((tally.put_unconfirmed, tally.ambiguous_retries), (1, 2));
    assert_eq!(fake.taken.borrow()[&0], 2);
}

#[test]
fn in_an_outage_the_journal_empties_into_the_spill_file_and_the_next_process_delivers() {
    let fake = Fake {
        answers: RefCell::new(vec![Answer::Deny; 100]),
        ..Fake::default()
    };
    let mut world = World::new(&fake, PLAIN);
    runtime().block_on(async {
        for _ in 0..40 {
            world.invocation(&[1; 50], 2000).await;
        }
    });
    // Four times what the journal holds.
    assert_eq!(world.recorded.len(), 2000);
    assert!(
        world.pipeline.left().1 >= 1500,
        "{:?}",
        world.pipeline.left()
    );
    let stored = world.pipeline.left().1;
    world.crash();
    assert_eq!(world.pipeline.tally().found, stored);
    fake.answers.borrow_mut().clear();
    let (lines, tally) = live(&mut world, &[]);
    assert_eq!((tally.delivered, lines.len()), (2000, 0));
    assert_eq!(fake.taken.borrow().len(), 2000);
    // Its work is done.
    let path = Spill::path(&world.dir.path().join("journal"));
    assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
}

#[test]
fn an_outage_is_not_paid_for_at_every_invocation() {
    let fake = Fake {
        answers: RefCell::new(vec![Answer::Throttle; 1000]),
        ..Fake::default()
    };
    let mut world = World::new(&fake, PLAIN);
    runtime().block_on(async {
        for _ in 0..3 {
            world.invocation(&[1], 2000).await;
        }
        let requests = world.pipeline.tally().put_requests;
        world.invocation(&[2], 2000).await;
        assert_eq!(world.pipeline.tally().put_requests, requests);
        assert_eq!(world.pipeline.tally().breaker_skips, 1);
        // Later it is tried again, and all of it arrives.
        fake.answers.borrow_mut().clear();
        world.now.wall_ms += 60_000;
        world.flush(2000).await;
    });
    assert_eq!(world.pipeline.tally().delivered, 4);
}

#[test]
fn without_time_nothing_is_begun_and_the_skip_is_counted() {
    let fake = Fake::default();
    let mut world = World::new(&fake, PLAIN);
    runtime().block_on(world.invocation(&[1], 0));
    let tally = world.pipeline.tally();
    assert_eq!((tally.put_requests, tally.deadline_skips), (0, 1));
    assert_eq!(world.pipeline.left(), (1, 0));
}
