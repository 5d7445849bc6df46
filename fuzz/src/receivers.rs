//! What the extension's listeners read: StatsD, OTLP in both encodings, telemetry.

use cloudvault_obs_extension::{
    config::Mode,
    platform::{Meter, Scope},
    receivers::{
        otlp::{Streams, json, protobuf},
        statsd::Statsd,
    },
    telemetry,
};

/// Feeds `data` to every reader. Samples are counted once at least, and bounded.
pub fn readers(data: &[u8]) {
    let scope = Scope {
        namespace: "N".into(),
        service: "s".into(),
    };
    for sample in Statsd::new(scope.clone()).read(data, 0).samples {
        assert!((1..=1_000_000).contains(&sample.count));
    }
    let mut streams = Streams::new(scope.clone(), 0);
    for export in [protobuf::read(data), json::read(data)].into_iter().flatten() {
        // Twice: the second one is what came since the first.
        streams.read(&export, 0);
        streams.read(&export, 0);
    }
    let mut meter = Meter::new(scope, Mode::ManagedInstances);
    for event in &telemetry::parse(data).events {
        meter.hear(event, 0);
    }
}
