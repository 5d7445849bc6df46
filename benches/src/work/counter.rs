//! A counter counted up.

use std::{fs::File, hint::black_box, net::UdpSocket, os::unix::net::UnixDatagram, time::Duration};

use cadence::{Counted as _, NopMetricSink, StatsdClient, UdpMetricSink};
use cloudvault_obs::testing::Function;
use cloudvault_obs_core::{
    journal::{Draining, Journal, Layout, Reader, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use metrics::Counter;
use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

use super::Contenders;
use crate::{
    Work, by_hand,
    case::{in_parts, steady, timed},
};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "counter on a resolved handle",
            vec![
                ("journal by hand", journal_by_hand),
                ("cloudvault-obs", || {
                    ours(|times, files| timed(times, || files.increment(1)))
                }),
                ("cloudvault-obs as a line", ours_as_a_line),
                ("metrics_cloudwatch_embedded", || {
                    embedded(|times, files| timed(times, || files.increment(1)))
                }),
                ("opentelemetry", opentelemetry),
                ("cadence, no sink", || {
                    cadence(StatsdClient::from_sink("vault", NopMetricSink))
                }),
                ("cadence, UDP", cadence_udp),
                ("Unix datagram by hand", datagram),
            ],
        ),
        (
            "counter by its macro",
            vec![
                ("cloudvault-obs", || {
                    ours(|times, _| {
                        timed(times, || {
                            metrics::counter!("Files", "bucket" => "vault").increment(1)
                        })
                    })
                }),
                ("metrics_cloudwatch_embedded", || {
                    embedded(|times, _| {
                        timed(times, || {
                            metrics::counter!("Files", "bucket" => "vault").increment(1)
                        })
                    })
                }),
            ],
        ),
    ]
}

/// Points that fit into the journal between two drains.
const PART: u64 = 1 << 15;

/// The extension's end of a journal.
struct Extension {
    reader: Reader,
    _held: File,
    _dir: tempfile::TempDir,
}

impl Extension {
    fn start() -> (Self, Journal, String) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal");
        let held = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .expect("a file");
        held.try_lock().expect("nobody else holds it");
        let journal = Journal::create(&held, Layout::default()).expect("a journal");
        let reader = Reader::attach(&journal);
        let path = path.to_str().expect("a plain path").to_owned();
        (
            Self {
                reader,
                _held: held,
                _dir: dir,
            },
            journal,
            path,
        )
    }

    fn release(&mut self) {
        self.reader.drain(Draining::Final, |_| {});
        let position = self.reader.position();
        self.reader.release(position);
    }
}

fn ours(work: fn(u64, &Counter) -> Duration) -> Work {
    let (mut extension, _journal, path) = Extension::start();
    let function = Function::with_env([("OBS_JOURNAL", path)]);
    let part = move |times| {
        function.scope(|| {
            let files = metrics::counter!("Files", "bucket" => "vault");
            files.increment(1);
            work(times, &files)
        })
    };
    in_parts(PART, part, move || extension.release())
}

fn ours_as_a_line() -> Work {
    let function: &'static Function = Box::leak(Box::new(Function::new()));
    let part = move |times| {
        function.scope(|| {
            let files = metrics::counter!("Files", "bucket" => "vault");
            timed(times, || files.increment(1))
        })
    };
    in_parts(PART, part, || {
        function.flush_metrics();
        function.clear_output();
    })
}

fn journal_by_hand() -> Work {
    let (mut extension, journal, _path) = Extension::start();
    let writer = Writer::attach(&journal);
    let series = Series {
        namespace: "N".into(),
        name: "Files".into(),
        dimensions: Vec::new(),
        unit: Unit::Count,
        resolution: Resolution::Standard,
        kind: Kind::Counter,
    };
    let id = writer.series(&series).expect("room");
    let part = move |times| {
        timed(times, || {
            let _ = writer.record(id, black_box(1.0), by_hand::coarse_ms());
        })
    };
    in_parts(PART, part, move || extension.release())
}

fn embedded(work: fn(u64, &Counter) -> Duration) -> Work {
    super::metric_line::embedded();
    Box::new(move |times| {
        let files = metrics::counter!("Files", "bucket" => "vault");
        work(times, &files)
    })
}

fn opentelemetry() -> Work {
    // Without a reader the counter would be none.
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let files = provider.meter("vault").u64_counter("Files").build();
    let bucket = [KeyValue::new("bucket", "vault")];
    steady(move || {
        let _keep = &provider;
        files.add(black_box(1), &bucket);
    })
}

fn cadence(client: StatsdClient) -> Work {
    steady(move || {
        let _ = client
            .count_with_tags("files", black_box(1_i64))
            .with_tag("bucket", "vault")
            .try_send();
    })
}

fn cadence_udp() -> Work {
    let agent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let sink =
        UdpMetricSink::from(agent.local_addr().expect("an address"), socket).expect("a sink");
    let mut work = cadence(StatsdClient::from_sink("vault", sink));
    Box::new(move |times| {
        let _keep = &agent;
        work(times)
    })
}

fn datagram() -> Work {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("agent");
    let agent = UnixDatagram::bind(&path).expect("a socket");
    let socket = UnixDatagram::unbound().expect("a socket");
    socket.connect(&path).expect("connected");
    let mut taken = [0; 64];
    steady(move || {
        let _keep = &dir;
        let _ = socket.send(black_box(b"vault.files:1|c"));
        let _ = agent.recv(&mut taken);
    })
}
