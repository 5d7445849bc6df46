//! Points taken in by the extension: put together, and read from the journal on
//! the way.
//!
//! The extension ships optimised for size: `--profile layer` measures it so.

use std::{
    cell::RefCell, collections::HashMap, fs::File, hint::black_box, rc::Rc, sync::Arc,
    time::Duration,
};

use cloudvault_obs_core::{
    journal::{Draining, Journal, Layout, Reader, SeriesId, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use cloudvault_obs_extension::{
    aggregate::{Aggregate, Limits},
    batch::Batch,
    clock::Moment,
    cloudwatch::{Put, PutError},
    config::OnTimeout,
    flush::{Own, Parts, Pipeline, Policy, Schedule, Spill, Stop},
    segments::Forwarder,
};
use sketches_ddsketch::DDSketch;

use super::Contenders;
use crate::{
    Work,
    case::{in_parts, steady, timed},
};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "point of 200 series into a sum",
            vec![
                ("slot array by hand", slots),
                ("cloudvault-obs", || aggregate(Kind::Counter)),
                ("map by name and dimensions", by_name),
            ],
        ),
        (
            "point of 200 series into a distribution",
            vec![
                ("cloudvault-obs", || aggregate(Kind::Histogram)),
                ("DDSketch in a slot array", sketches),
            ],
        ),
        (
            "point from the journal into a sum",
            vec![
                ("journal alone", journal_alone),
                ("cloudvault-obs", || pipeline(Kind::Counter)),
            ],
        ),
        (
            "point from the journal into a distribution",
            vec![("cloudvault-obs", || pipeline(Kind::Histogram))],
        ),
    ]
}

const SERIES: usize = 200;
/// Distinct values of a series: a function's latencies in whole milliseconds.
const VALUES: usize = 100;
/// Points that fit into the journal between two drains.
const PART: u64 = 1 << 15;
const NOW_MS: i64 = 1_795_405_294_506;
const MINUTE_MS: i64 = NOW_MS - NOW_MS % 60_000;

fn series(number: usize, kind: Kind) -> Series {
    Series {
        namespace: "CloudVault".into(),
        name: format!("Metric{}", number % 20),
        dimensions: vec![
            ("service".into(), "cloudvault".into()),
            ("bucket".into(), format!("bucket-{}", number / 20)),
        ],
        unit: Unit::Milliseconds,
        resolution: Resolution::Standard,
        kind,
    }
}

/// A series and a value after another, in no order that a table has.
#[derive(Default)]
struct Points(usize);

impl Points {
    #[inline]
    fn next(&mut self) -> (usize, f64) {
        self.0 = self.0.wrapping_add(1);
        let series = self.0.wrapping_mul(37) % SERIES;
        (series, (self.0.wrapping_mul(61) % VALUES) as f64)
    }
}

/// A journal with the series' numbers.
struct Ring {
    journal: Journal,
    writer: Writer,
    ids: Vec<SeriesId>,
    all: Vec<Arc<Series>>,
    _file: File,
}

impl Ring {
    fn new(kind: Kind) -> Self {
        let file = tempfile::tempfile().expect("a temporary file");
        let journal = Journal::create(&file, Layout::default()).expect("a journal");
        let writer = Writer::attach(&journal);
        let all: Vec<_> = (0..SERIES).map(|n| Arc::new(series(n, kind))).collect();
        let ids = all
            .iter()
            .map(|series| writer.series(series).expect("room"))
            .collect();
        Self {
            journal,
            writer,
            ids,
            all,
            _file: file,
        }
    }

    fn record(&self, points: &mut Points, times: u64) {
        for _ in 0..times {
            let (series, value) = points.next();
            self.writer
                .record(self.ids[series], value, NOW_MS)
                .expect("room");
        }
    }
}

fn slots() -> Work {
    let (mut sums, mut points) = (vec![0.0; SERIES], Points::default());
    steady(move || {
        let (series, value) = points.next();
        sums[black_box(series)] += black_box(value);
    })
}

fn aggregate(kind: Kind) -> Work {
    let ring = Ring::new(kind);
    let (mut aggregate, mut points) = (Aggregate::new(Limits::default()), Points::default());
    steady(move || {
        let (series, value) = points.next();
        let added = aggregate.add(
            ring.ids[series],
            &ring.all[series],
            black_box(MINUTE_MS),
            black_box(value),
        );
        added.expect("room");
    })
}

/// What agents do whose points come as text.
fn by_name() -> Work {
    type Key = (String, Vec<(String, String)>);
    let all: Vec<Key> = (0..SERIES)
        .map(|number| series(number, Kind::Counter))
        .map(|series| (series.name, series.dimensions))
        .collect();
    let (mut sums, mut points) = (HashMap::<Key, f64>::new(), Points::default());
    steady(move || {
        let (series, value) = points.next();
        *sums.entry(black_box(&all[series]).clone()).or_default() += black_box(value);
    })
}

fn sketches() -> Work {
    let mut sketches = vec![DDSketch::default(); SERIES];
    let mut points = Points::default();
    steady(move || {
        let (series, value) = points.next();
        sketches[black_box(series)].add(black_box(value));
    })
}

fn journal_alone() -> Work {
    let (ring, mut points) = (Ring::new(Kind::Counter), Points::default());
    let mut reader = Reader::attach(&ring.journal);
    let part = move |times| {
        ring.record(&mut points, times);
        let took = timed(1, || {
            reader.drain(Draining::Live, |point| {
                black_box(point.value);
            });
        });
        reader.release(reader.position());
        took
    };
    in_parts(PART, part, || {})
}

/// A CloudWatch that takes everything.
struct Takes;

impl Put for Takes {
    async fn put(&self, _: &Batch, _: Duration) -> Result<(), PutError> {
        Ok(())
    }

    fn prepare(&self) {}

    fn reconnect(&mut self) {}
}

fn pipeline(kind: Kind) -> Work {
    let (ring, mut points) = (Ring::new(kind), Points::default());
    let pipeline = Pipeline::new(Parts {
        reader: Reader::attach(&ring.journal),
        spill: Spill::none(),
        limits: Limits::default(),
        on_timeout: OnTimeout::Retry,
        segments: Forwarder::off(),
        schedule: Schedule::new(Policy::End, Duration::from_secs(10)),
        own: Own::off(),
        seed: 1,
    });
    let pipeline = Rc::new(RefCell::new(pipeline));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let now = Moment::at(NOW_MS);
    let drained = Rc::clone(&pipeline);
    let part = move |times| {
        ring.record(&mut points, times);
        timed(1, || {
            drained.borrow_mut().drain(Draining::Live, now);
        })
    };
    in_parts(PART, part, move || {
        let (mut pipeline, stop) = (pipeline.borrow_mut(), Stop::default());
        let mut takes = Takes;
        let flush = pipeline.deliver(&mut takes, Duration::from_secs(60), now, &stop);
        runtime.block_on(flush);
        assert!(pipeline.is_settled());
    })
}
