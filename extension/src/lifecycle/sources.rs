//! Points from elsewhere than the journal: Lambda's own numbers and what the
//! receivers took in.

use cloudvault_obs_core::metric::{timestamp_is_valid, value_is_valid};

use crate::{
    intake::Sample,
    platform::{Meter, System, reading::Machine},
    receivers::{InboxTotals, Receivers},
    telemetry::Event,
};

/// Where such points come from.
#[derive(Debug)]
pub(super) struct Sources {
    meter: Option<Meter>,
    machine: Machine,
    receivers: Receivers,
    totals: SourceTotals,
}

/// What came in so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SourceTotals {
    /// What the receivers took in and turned away.
    pub inbox: InboxTotals,
    /// Samples that CloudWatch would refuse.
    pub refused: u64,
    /// Platform samples that found no room.
    pub overflowed: u64,
}

impl Sources {
    /// Without a `meter` neither telemetry nor `/proc` becomes a metric.
    #[must_use]
    pub(super) fn new(meter: Option<Meter>, receivers: Receivers) -> Self {
        Self {
            meter,
            machine: Machine::default(),
            receivers,
            totals: SourceTotals::default(),
        }
    }

    /// An invocation has begun.
    pub(super) fn begin(&mut self, request_id: &str) {
        if let Some(meter) = &mut self.meter {
            meter.begin(request_id, self.machine.read());
        }
    }

    /// The invocation has ended.
    pub(super) fn end(&mut self, now_ms: i64) {
        if let Some(meter) = &mut self.meter {
            meter.end(self.machine.read(), now_ms);
        }
    }

    /// SHUTDOWN came, for this reason.
    pub(super) fn shut_down(&mut self, reason: &str, now_ms: i64) {
        if let Some(meter) = &mut self.meter {
            meter.shut_down(reason, now_ms);
        }
    }

    /// The points that came since the last call, `heard` being the telemetry
    /// among them. What CloudWatch would refuse is counted and left out.
    pub(super) fn take(&mut self, heard: &[Event], now_ms: i64) -> Vec<Sample> {
        let mut samples = self.receivers.take(now_ms);
        if let Some(meter) = &mut self.meter {
            heard.iter().for_each(|event| meter.hear(event, now_ms));
            samples.append(&mut meter.samples());
            self.totals.overflowed = meter.overflowed();
        }
        let came = samples.len();
        samples.retain(|sample| acceptable(sample, now_ms));
        let refused = came.saturating_sub(samples.len()) as u64;
        self.totals.refused = self.totals.refused.saturating_add(refused);
        samples
    }

    /// What came in so far.
    #[must_use]
    pub(super) fn totals(&self) -> SourceTotals {
        SourceTotals {
            inbox: self.receivers.totals(),
            ..self.totals
        }
    }
}

/// Whether PutMetricData takes it.
fn acceptable(sample: &Sample, now_ms: i64) -> bool {
    sample.series.check().is_ok()
        && value_is_valid(sample.value)
        && timestamp_is_valid(sample.timestamp_ms, now_ms)
}
