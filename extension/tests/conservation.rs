//! The law that holds at every fault: points recorded = delivered + written as
//! EMF + dropped and counted; and no cell is given back before its point is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{cell::RefCell, collections::BTreeMap, future::pending, time::Duration};

use cloudvault_obs_core::{
    journal::{Draining, Journal, Layout, Reader, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use cloudvault_obs_extension::{
    batch::Batch,
    cloudwatch::{Class, Put, PutError},
    config::OnTimeout,
    flush::Pipeline,
    tally::Tally,
};
use proptest::prelude::*;

const NOW_MS: i64 = 1_795_405_294_505;
/// A metric that the fake never takes.
const POISON: &str = "poison";

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
}

/// A CloudWatch that fails as it is told, and then works.
#[derive(Debug, Default)]
struct Fake {
    answers: RefCell<Vec<Answer>>,
    /// Value to how often it was taken.
    taken: RefCell<BTreeMap<u64, u64>>,
    /// Points in requests that were answered 200.
    confirmed: RefCell<u64>,
}

impl Fake {
    fn take(&self, batch: &Batch) {
        for (value, count) in batch.data.iter().flat_map(|datum| &datum.values) {
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
    async fn put(&self, batch: &Batch) -> Result<(), PutError> {
        let answer = self.answers.borrow_mut().pop().unwrap_or(Answer::Take);
        let poisoned = batch.data.iter().any(|datum| datum.series.name == POISON);
        match answer {
            Answer::Take if poisoned => failed(Class::Unacceptable),
            Answer::Take => {
                self.take(batch);
                *self.confirmed.borrow_mut() += batch.points();
                Ok(())
            }
            Answer::TakeSilently => {
                self.take(batch);
                failed(Class::Unconfirmed)
            }
            Answer::Throttle => failed(Class::Transient),
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
    /// A flush with so many milliseconds.
    Flush(u64),
    /// The extension is killed and a new one attaches.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => prop::collection::vec(0..8u8, 1..40).prop_map(Step::Record),
        3 => (0..3000u64).prop_map(Step::Flush),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..25)
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
        ],
        0..40,
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
        kind: Kind::Histogram,
    }
}

/// The world of one case.
struct World<'a> {
    journal: Journal,
    writer: Writer,
    fake: &'a Fake,
    pipeline: Pipeline,
    on_timeout: OnTimeout,
    recorded: u64,
}

impl<'a> World<'a> {
    fn new(fake: &'a Fake, on_timeout: OnTimeout) -> Self {
        let journal = Journal::in_memory(Layout::new(1 << 12, 1 << 16));
        let writer = Writer::attach(&journal);
        let pipeline = Pipeline::new(Reader::attach(&journal), on_timeout, 1);
        Self {
            journal,
            writer,
            fake,
            pipeline,
            on_timeout,
            recorded: 0,
        }
    }

    /// Every point has a value of its own, so that it can be told which were
    /// delivered; series 6 records what CloudWatch cannot take.
    fn record(&mut self, numbers: &[u8]) {
        for &number in numbers {
            let value = if number == 6 {
                f64::NAN
            } else {
                self.recorded as f64
            };
            let id = self.writer.series(&series(number)).unwrap();
            self.writer.record(id, value, NOW_MS).unwrap();
            self.recorded += 1;
        }
    }

    async fn flush(&mut self, draining: Draining, budget_ms: u64) {
        self.pipeline.drain(draining, NOW_MS);
        let budget = Duration::from_millis(budget_ms);
        self.pipeline.deliver(&mut self.fake, budget, NOW_MS).await;
        self.check();
    }

    fn check(&self) {
        let tally = self.pipeline.tally();
        assert!(accounted(&tally) <= tally.recorded, "{tally:?}");
        assert_eq!(
            accounted(&tally) == tally.recorded,
            self.pipeline.is_settled(),
            "{tally:?}"
        );
    }

    /// What a crash would leave: nothing may be missing from it that was not
    /// taken, dropped or written.
    fn crash(&mut self) {
        self.check();
        self.pipeline = Pipeline::new(Reader::attach(&self.journal), self.on_timeout, 1);
    }
}

fn accounted(tally: &Tally) -> u64 {
    tally.delivered + tally.emf + tally.dropped.total()
}

/// Runs a case to its end; gives the EMF lines and the last tally.
async fn live(world: &mut World<'_>, steps: &[Step], stdout_works: bool) -> (Vec<u8>, Tally) {
    for step in steps {
        match step {
            Step::Record(numbers) => world.record(numbers),
            Step::Flush(budget_ms) => world.flush(Draining::Live, *budget_ms).await,
            Step::Crash => world.crash(),
        }
    }
    world.pipeline.drain(Draining::Final, NOW_MS);
    let budget = Duration::from_millis(1500);
    world
        .pipeline
        .deliver_now(&mut world.fake, budget, NOW_MS)
        .await;
    let mut lines = Vec::new();
    world.pipeline.spill(&mut |bytes| {
        if !stdout_works {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        lines.extend_from_slice(bytes);
        Ok(())
    });
    world.check();
    (lines, world.pipeline.tally())
}

fn run(steps: &[Step], answers: &[Answer], on_timeout: OnTimeout, stdout_works: bool) {
    let fake = Fake {
        answers: RefCell::new(answers.to_vec()),
        ..Fake::default()
    };
    let mut world = World::new(&fake, on_timeout);
    let (lines, tally) = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(live(&mut world, steps, stdout_works));
    // All is settled, and every cell is free again.
    assert_eq!(accounted(&tally), tally.recorded, "{tally:?}");
    assert_eq!(world.pipeline.journal_totals().released, world.recorded);
    // Crashes are rare in `steps`; without one the process saw every point.
    if !steps.iter().any(|step| matches!(step, Step::Crash)) {
        assert_eq!(tally.recorded, world.recorded);
        assert_eq!(tally.delivered, *fake.confirmed.borrow());
        let poison = steps.iter().flat_map(|step| match step {
            Step::Record(numbers) => numbers.as_slice(),
            _ => &[],
        });
        let nan = poison.filter(|&&number| number == 6).count() as u64;
        assert_eq!(tally.dropped.value, nan);
    }
    at_least_once(&world, &lines, &tally, steps);
}

/// Nothing that CloudWatch could take is missing, unless it was dropped on
/// request or standard output failed.
fn at_least_once(world: &World<'_>, lines: &[u8], tally: &Tally, steps: &[Step]) {
    let mut value = 0;
    let written = String::from_utf8_lossy(lines);
    let emf: Vec<f64> = written.lines().flat_map(emf_values).collect();
    for numbers in steps.iter().filter_map(|step| match step {
        Step::Record(numbers) => Some(numbers),
        _ => None,
    }) {
        for &number in numbers {
            let safe =
                world.fake.taken.borrow().contains_key(&value) || emf.contains(&(value as f64));
            let excused =
                number >= 6 || world.on_timeout == OnTimeout::Drop || tally.dropped.unwritable > 0;
            assert!(
                safe || excused,
                "point {value} of series {number} is lost: {tally:?}"
            );
            value += 1;
        }
    }
}

fn emf_values(line: &str) -> Vec<f64> {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
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

proptest! {
    #[test]
    fn points_recorded_are_points_accounted_for_whatever_fails(
        steps in steps(), answers in answers(), retry: bool, stdout_works: bool,
    ) {
        let on_timeout = if retry { OnTimeout::Retry } else { OnTimeout::Drop };
        run(&steps, &answers, on_timeout, stdout_works);
    }
}

#[test]
fn one_refused_datum_costs_its_neighbours_nothing() {
    let fake = Fake::default();
    let mut world = World::new(&fake, OnTimeout::Retry);
    let steps = [Step::Record(vec![1, 3, 5, 7, 1, 3, 5]), Step::Flush(2000)];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let (_, tally) = runtime.block_on(live(&mut world, &steps, true));
    assert_eq!(
        (tally.delivered, tally.dropped.refused, tally.emf),
        (6, 1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_paid_for_at_every_invocation() {
    let fake = Fake {
        answers: RefCell::new(vec![Answer::Throttle; 1000]),
        ..Fake::default()
    };
    let mut world = World::new(&fake, OnTimeout::Retry);
    world.record(&[1]);
    for _ in 0..3 {
        world.flush(Draining::Live, 2000).await;
    }
    let requests = world.pipeline.tally().put_requests;
    world.record(&[2]);
    world.flush(Draining::Live, 2000).await;
    assert_eq!(world.pipeline.tally().put_requests, requests);
    // Later it is tried again, and all of it arrives.
    fake.answers.borrow_mut().clear();
    let mut put = world.fake;
    world
        .pipeline
        .deliver(&mut put, Duration::from_secs(2), NOW_MS + 60_000)
        .await;
    assert_eq!(world.pipeline.tally().delivered, 2);
    world.check();
}
