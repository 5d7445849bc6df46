//! From what Lambda tells to samples. Pure: it is told things, and asked for what
//! has come of them.

use std::sync::Arc;

use cloudvault_obs_core::{
    metric::{Kind, Series},
    names::{WellKnown, platform as names},
};

use super::{Reading, invocations::Invocations};
use crate::{
    config::Mode,
    intake::Sample,
    telemetry::{Ended, Event, Initialization, Metrics, Status, What},
};

/// Samples that wait to be asked for. They are, at every flush; a flood of
/// telemetry in between costs its own tail.
const MOST_SAMPLES: usize = 10_000;

/// Where the metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Their namespace.
    pub namespace: String,
    /// Value of their only dimension, `service`.
    pub service: String,
}

/// Turns what Lambda tells into samples.
#[derive(Debug)]
pub struct Meter {
    scope: Scope,
    mode: Mode,
    invocations: Invocations,
    begun: Reading,
    samples: Vec<Sample>,
    overflowed: u64,
}

impl Meter {
    /// Metrics of one environment.
    #[must_use]
    pub fn new(scope: Scope, mode: Mode) -> Self {
        Self {
            scope,
            mode,
            invocations: Invocations::default(),
            begun: Reading::default(),
            samples: Vec::new(),
            overflowed: 0,
        }
    }

    /// An invocation has begun, with that much used before it.
    pub fn begin(&mut self, request_id: &str, reading: Reading) {
        self.invocations.announce(request_id);
        self.begun = reading;
    }

    /// The invocation has ended, with that much used since the start.
    pub fn end(&mut self, reading: Reading, now_ms: i64) {
        let grown = |from: Option<u64>, to: Option<u64>| to?.checked_sub(from?);
        let used = [
            (names::CPU, grown(self.begun.cpu_ms, reading.cpu_ms)),
            (
                names::NETWORK_RECEIVED,
                grown(self.begun.received, reading.received),
            ),
            (names::NETWORK_SENT, grown(self.begun.sent, reading.sent)),
            (names::TMP_USED, reading.tmp_used),
            (names::DESCRIPTORS, reading.descriptors),
        ];
        for (name, value) in used {
            self.record(
                &name,
                Kind::Histogram,
                value.map(|value| value as f64),
                now_ms,
            );
        }
    }

    /// SHUTDOWN came, for this reason: `timeout` and `failure` tell of the
    /// invocation that was running, if one was.
    pub fn shut_down(&mut self, reason: &str, now_ms: i64) {
        let status = match reason.to_ascii_lowercase().as_str() {
            "timeout" => Status::Timeout,
            "failure" => Status::Failure,
            _ => return,
        };
        if let Some(running) = self.invocations.running() {
            let ended = Ended {
                request_id: running.request_id.clone(),
                status,
                error_type: None,
            };
            self.judge(&ended, None, now_ms);
        }
    }

    /// Takes one record of telemetry. `now_ms` stands in for a time that it does
    /// not tell.
    pub fn hear(&mut self, event: &Event, now_ms: i64) {
        let at = event.at_ms.unwrap_or(now_ms);
        match &event.what {
            What::InitReport {
                initialization,
                duration_ms,
            } => {
                if *initialization == Initialization::OnDemand {
                    self.record(&names::COLD_STARTS, Kind::Counter, Some(1.0), at);
                }
                self.record(&names::INIT, Kind::Histogram, *duration_ms, at);
            }
            What::RestoreReport { duration_ms } => {
                self.record(&names::RESTORE, Kind::Histogram, *duration_ms, at);
            }
            What::Start { request_id } => {
                if self.invocations.announce(request_id) && self.mode == Mode::ManagedInstances {
                    let in_hand = Some(self.invocations.in_hand() as f64);
                    self.record(&names::CONCURRENCY, Kind::Histogram, in_hand, at);
                }
            }
            What::RuntimeDone { ended, duration_ms } => {
                if let Some(invocation) = self.invocations.find(&ended.request_id) {
                    invocation.done = true;
                    invocation.runtime_ms = duration_ms.or(invocation.runtime_ms);
                }
                self.judge(ended, None, at);
            }
            What::Report { ended, metrics } => self.report(ended, metrics, at),
            What::LogsDropped { records } => {
                let records = Some(*records as f64);
                self.record(&names::TELEMETRY_DROPPED, Kind::Counter, records, at);
            }
        }
    }

    /// What has come of it since the last call.
    pub fn samples(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.samples)
    }

    /// Samples that found no room, since the start.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// A report that comes twice counts once. One of an invocation that this
    /// process was never told of belongs to a process before it in the same
    /// environment: what it took is news all the same.
    fn report(&mut self, ended: &Ended, metrics: &Metrics, at: i64) {
        let mut runtime_ms = None;
        if let Some(invocation) = self.invocations.find(&ended.request_id) {
            if invocation.reported {
                return;
            }
            (invocation.reported, invocation.done) = (true, true);
            runtime_ms = invocation.runtime_ms;
        }
        let after = metrics
            .duration_ms
            .zip(runtime_ms)
            .map(|(whole, runtime)| (whole - runtime).max(0.0));
        let taken = [
            (names::DURATION, metrics.duration_ms),
            (names::BILLED, metrics.billed_ms),
            (names::POST_RUNTIME, after),
            (names::MEMORY_USED, metrics.memory_used_mb),
        ];
        for (name, value) in taken {
            self.record(&name, Kind::Histogram, value, at);
        }
        self.record(&names::MEMORY_SIZE, Kind::Gauge, metrics.memory_size_mb, at);
        self.judge(ended, Some(metrics), at);
    }

    /// Counts how an invocation ended, unless that has been counted. A failure
    /// of an invocation that is not known was counted by the process that SHUTDOWN
    /// told of it.
    fn judge(&mut self, ended: &Ended, metrics: Option<&Metrics>, at: i64) {
        let Some(invocation) = self.invocations.find(&ended.request_id) else {
            return;
        };
        if ended.status == Status::Success {
            return;
        }
        let first =
            |counted: &mut bool, now: bool| now && !std::mem::replace(counted, *counted || now);
        let news = [
            (names::ERRORS, first(&mut invocation.failed, true)),
            (
                names::TIMEOUTS,
                first(&mut invocation.timed_out, ended.status == Status::Timeout),
            ),
            (
                names::OUT_OF_MEMORY,
                first(&mut invocation.out_of_memory, out_of_memory(ended, metrics)),
            ),
        ];
        for (name, is_news) in news {
            self.record(&name, Kind::Counter, is_news.then_some(1.0), at);
        }
    }

    fn record(&mut self, name: &WellKnown, kind: Kind, value: Option<f64>, timestamp_ms: i64) {
        let Some(value) = value else { return };
        if self.samples.len() >= MOST_SAMPLES {
            self.overflowed = self.overflowed.saturating_add(1);
            return;
        }
        self.samples.push(Sample {
            series: Arc::new(Series {
                namespace: self.scope.namespace.clone(),
                name: name.name.to_owned(),
                dimensions: vec![("service".to_owned(), self.scope.service.clone())],
                unit: name.unit,
                resolution: name.resolution,
                kind,
            }),
            value,
            count: 1,
            timestamp_ms,
        });
    }
}

/// Lambda names it for its own runtimes. For a custom one it only says that the
/// process was killed; that all memory was used tells why.
fn out_of_memory(ended: &Ended, metrics: Option<&Metrics>) -> bool {
    match ended.error_type.as_deref() {
        Some("Runtime.OutOfMemory") => true,
        Some("Runtime.ExitError") => metrics
            .and_then(|metrics| metrics.memory_used_mb.zip(metrics.memory_size_mb))
            .is_some_and(|(used, size)| size > 0.0 && used >= size),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::parse;

    fn meter(mode: Mode) -> Meter {
        let scope = Scope {
            namespace: "N".into(),
            service: "s".into(),
        };
        Meter::new(scope, mode)
    }

    fn hear(meter: &mut Meter, body: &str) {
        for event in &parse(body.as_bytes()).events {
            meter.hear(event, 5);
        }
    }

    /// `name=value` of everything that came of it, without what `/proc` gives.
    fn told(meter: &mut Meter) -> Vec<String> {
        let samples = meter.samples();
        let show = |s: &Sample| format!("{}={}", s.series.name, s.value);
        samples.iter().map(show).collect()
    }

    fn done(id: &str, status: &str) -> String {
        format!(
            r#"[{{"type":"platform.runtimeDone","record":{{"requestId":"{id}","status":"{status}","errorType":"Runtime.ExitError","metrics":{{"durationMs":100}}}}}}]"#
        )
    }

    fn report(id: &str, status: &str) -> String {
        format!(
            r#"[{{"time":"1970-01-01T00:00:09Z","type":"platform.report","record":{{"requestId":"{id}","status":"{status}","errorType":"Runtime.ExitError",
            "metrics":{{"durationMs":104,"billedDurationMs":105,"memorySizeMB":128,"maxMemoryUsedMB":128}}}}}}]"#
        )
    }

    const TOOK: [&str; 5] = [
        "InvocationMilliseconds=104",
        "BilledMilliseconds=105",
        "PostRuntimeMilliseconds=4",
        "MemoryUsedMegabytes=128",
        "MemorySizeMegabytes=128",
    ];

    #[test]
    fn a_report_that_comes_twice_counts_once_at_its_own_time() {
        let mut meter = meter(Mode::OnDemand);
        meter.begin("a", Reading::default());
        hear(&mut meter, &done("a", "success"));
        hear(&mut meter, &report("a", "success"));
        hear(&mut meter, &report("a", "success"));
        let samples = meter.samples();
        assert!(samples.iter().all(|sample| sample.timestamp_ms == 9_000));
        let names: Vec<_> = samples
            .iter()
            .map(|s| format!("{}={}", s.series.name, s.value))
            .collect();
        assert_eq!(names, TOOK);
    }

    #[test]
    fn a_failure_is_counted_by_whoever_tells_it_first() {
        let failed = "FailedInvocations=1".to_owned();
        let timed_out = "TimedOutInvocations=1".to_owned();
        let out_of_memory = "OutOfMemoryInvocations=1".to_owned();
        let mut meter = meter(Mode::OnDemand);
        meter.begin("a", Reading::default());
        meter.shut_down("Timeout", 1);
        assert_eq!(told(&mut meter), [failed.clone(), timed_out.clone()]);
        meter.shut_down("failure", 1);
        hear(&mut meter, &done("a", "timeout"));
        assert_eq!(told(&mut meter), Vec::<String>::new());
        // Only the report tells of the memory.
        hear(&mut meter, &report("a", "error"));
        assert_eq!(told(&mut meter)[5..], [out_of_memory]);
        // Nothing runs any more: a crash between invocations is nobody's failure.
        meter.shut_down("failure", 1);
        hear(
            &mut meter,
            r#"[{"type":"platform.start","record":{"requestId":"b"}}]"#,
        );
        hear(&mut meter, &done("b", "error"));
        hear(&mut meter, &report("b", "timeout"));
        let told = told(&mut meter);
        assert_eq!(told.first(), Some(&failed));
        assert_eq!(told.iter().filter(|name| **name == failed).count(), 1);
        assert!(told.contains(&timed_out));
    }

    #[test]
    fn an_unknown_invocations_failure_was_counted_by_the_process_before() {
        let mut meter = meter(Mode::OnDemand);
        hear(&mut meter, &report("before", "timeout"));
        let names = told(&mut meter);
        assert!(
            !names.iter().any(|name| name.starts_with("Failed")),
            "{names:?}"
        );
        assert!(names.contains(&TOOK[0].to_owned()));
    }

    #[test]
    fn an_initialization_nobody_waited_for_is_no_cold_start() {
        let mut meter = meter(Mode::OnDemand);
        let init = |kind: &str| {
            format!(
                r#"[{{"type":"platform.initReport","record":{{"initializationType":"{kind}","metrics":{{"durationMs":7}}}}}}]"#
            )
        };
        hear(&mut meter, &init("provisioned-concurrency"));
        hear(&mut meter, &init("snap-start"));
        assert_eq!(
            told(&mut meter),
            ["InitMilliseconds=7", "InitMilliseconds=7"]
        );
        hear(&mut meter, &init("on-demand"));
        assert_eq!(told(&mut meter), ["ColdStarts=1", "InitMilliseconds=7"]);
        hear(
            &mut meter,
            r#"[{"type":"platform.restoreReport","record":{"metrics":{"durationMs":9}}},
            {"type":"platform.logsDropped","record":{"droppedRecords":3}}]"#,
        );
        assert_eq!(
            told(&mut meter),
            ["RestoreMilliseconds=9", "TelemetryRecordsDropped=3"]
        );
    }

    #[test]
    fn managed_instances_tell_how_many_run_at_once() {
        let mut meter = meter(Mode::ManagedInstances);
        for id in ["a", "b", "b"] {
            hear(
                &mut meter,
                &format!(r#"[{{"type":"platform.start","record":{{"requestId":"{id}"}}}}]"#),
            );
        }
        hear(&mut meter, &report("a", "success"));
        hear(
            &mut meter,
            r#"[{"type":"platform.start","record":{"requestId":"c"}}]"#,
        );
        let told = told(&mut meter);
        let concurrent: Vec<_> = told
            .iter()
            .filter(|name| name.starts_with("Concurrent"))
            .collect();
        assert_eq!(
            concurrent,
            [
                "ConcurrentInvocations=1",
                "ConcurrentInvocations=2",
                "ConcurrentInvocations=2"
            ]
        );
    }

    #[test]
    fn what_an_invocation_used_is_the_difference_and_a_counter_that_fell_is_left_out() {
        let mut meter = meter(Mode::OnDemand);
        let reading = |cpu_ms, received| Reading {
            cpu_ms: Some(cpu_ms),
            received,
            sent: None,
            tmp_used: Some(512),
            descriptors: Some(9),
        };
        meter.begin("a", reading(100, Some(50)));
        meter.end(reading(130, Some(40)), 1);
        assert_eq!(
            told(&mut meter),
            [
                "CpuMilliseconds=30",
                "TmpUsedBytes=512",
                "FileDescriptors=9"
            ]
        );
    }

    fn any_event() -> impl Strategy<Value = String> {
        let id = prop::sample::select(vec!["a", "b", "c"]);
        let status = prop::sample::select(vec!["success", "error", "timeout", "odd"]);
        let kind = prop::sample::select(vec![0, 1, 2]);
        (kind, id, status).prop_map(|(kind, id, status)| match kind {
            0 => format!(r#"[{{"type":"platform.start","record":{{"requestId":"{id}"}}}}]"#),
            1 => done(id, status),
            _ => report(id, status),
        })
    }

    proptest! {
        #[test]
        fn whatever_the_order_no_invocation_counts_twice(events in prop::collection::vec(any_event(), 0..40)) {
            let mut meter = meter(Mode::ManagedInstances);
            events.iter().for_each(|event| hear(&mut meter, event));
            let told = told(&mut meter);
            for name in ["FailedInvocations", "TimedOutInvocations", "OutOfMemoryInvocations"] {
                prop_assert!(told.iter().filter(|told| told.starts_with(name)).count() <= 3);
            }
        }

        #[test]
        fn any_telemetry_is_survived(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut meter = meter(Mode::OnDemand);
            for event in &parse(&body).events {
                meter.hear(event, 0);
            }
        }
    }
}
