//! A line of embedded metric format with ten counters and ten histograms.

use std::{
    hint::black_box,
    sync::{Arc, OnceLock},
};

use cloudvault_obs::testing::Function;
use cloudvault_obs_core::{
    emf::{Frame, Group, Prepared, Sample, write_samples},
    metric::{Kind, Resolution, Series, Unit},
};
use metrics::{Counter, Histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};

use super::Contenders;
use crate::{
    Work, by_hand,
    case::{in_parts, steady, timed},
};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "metric line of 20",
            vec![("by hand", by_hand_line), ("cloudvault-obs", ours_line)],
        ),
        (
            "20 metrics recorded and written",
            vec![
                ("by hand", by_hand_line),
                ("cloudvault-obs", ours),
                ("metrics_cloudwatch_embedded", embedded_line),
            ],
        ),
    ]
}

/// The one collector that a process can have: it is the global recorder.
pub(super) fn embedded() -> &'static Collector {
    static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();
    COLLECTOR.get_or_init(|| {
        let builder = Builder::new()
            .cloudwatch_namespace("function")
            .with_dimension("service", "function");
        builder
            .init()
            .expect("no other recorder is installed before")
    })
}

const COUNTS: [f64; 10] = [1.0, 2.0, 3.0, 1.0, 1.0, 17.0, 1.0, 4.0, 1.0, 250.0];
const VALUES: [f64; 10] = [
    12.5, 0.25, 1048576.0, 3.75, 99.9, 1.5, 7.125, 0.001, 42.0, 1.0,
];

fn by_hand_line() -> Work {
    let mut out = Vec::with_capacity(4096);
    steady(move || {
        out.clear();
        by_hand::metric_line(&mut out, black_box(&COUNTS), black_box(&VALUES));
        black_box(&out);
    })
}

fn ours_line() -> Work {
    let service = [("service".to_owned(), "function".to_owned())];
    let group = Arc::new(Group::new("function", &service));
    let prepare = |index: usize| {
        let series = Series {
            namespace: "function".into(),
            name: if index < 10 {
                format!("Counter{index}")
            } else {
                format!("Histogram{}", index - 10)
            },
            dimensions: service.to_vec(),
            unit: Unit::Count,
            resolution: Resolution::Standard,
            kind: Kind::Counter,
        };
        Prepared::new(&series, Arc::clone(&group)).expect("expressible")
    };
    let prepared: Vec<_> = (0..20).map(prepare).collect();
    let values: Vec<_> = COUNTS
        .iter()
        .chain(&VALUES)
        .map(|&value| (value, 1))
        .collect();
    let mut out = Vec::with_capacity(4096);
    steady(move || {
        out.clear();
        let samples: [Sample<'_>; 20] = std::array::from_fn(|index| Sample {
            series: &prepared[index],
            values: black_box(&values[index..=index]),
        });
        let frame = Frame {
            timestamp_ms: by_hand::coarse_ms(),
            level: "INFO",
            properties: &[],
        };
        write_samples(&mut out, &frame, &samples);
        black_box(&out);
    })
}

struct Handles(Vec<Counter>, Vec<Histogram>);

impl Handles {
    fn register() -> Self {
        let counter = |index: usize| metrics::counter!(format!("Counter{index}"));
        let histogram = |index: usize| metrics::histogram!(format!("Histogram{index}"));
        Self(
            (0..10).map(counter).collect(),
            (0..10).map(histogram).collect(),
        )
    }

    fn record(&self) {
        for (counter, value) in self.0.iter().zip(black_box(&COUNTS)) {
            counter.increment(*value as u64);
        }
        for (histogram, value) in self.1.iter().zip(black_box(&VALUES)) {
            histogram.record(*value);
        }
    }
}

fn ours() -> Work {
    let function: &'static Function = Box::leak(Box::new(Function::new()));
    let handles = function.scope(Handles::register);
    let part = move |times| {
        function.scope(|| {
            timed(times, || {
                handles.record();
                function.flush_metrics();
            })
        })
    };
    in_parts(256, part, || function.clear_output())
}

fn embedded_line() -> Work {
    let collector = embedded();
    let handles = Handles::register();
    let mut out = Vec::with_capacity(4096);
    steady(move || {
        out.clear();
        handles.record();
        let _ = collector.flush(&mut out);
        black_box(&out);
    })
}
