//! CloudWatch's quota of PutMetricData: 500 requests a second for an account and
//! region, shared by all callers (AWS, "CloudWatch service quotas").

use crate::wire::Service;

/// PutMetricData requests a second.
const PER_SECOND: u32 = 500;

/// Requests of the current second.
#[derive(Debug, Default)]
pub(super) struct Quota {
    second: i64,
    taken: u32,
}

impl Quota {
    /// Takes one request out of the quota; `false` when none is left.
    pub(super) fn take(&mut self, service: Service, operation: &str, now_ms: i64) -> bool {
        if (service, operation) != (Service::CloudWatch, "PutMetricData") {
            return true;
        }
        let second = now_ms.div_euclid(1000);
        if second != self.second {
            *self = Quota { second, taken: 0 };
        }
        self.taken = self.taken.saturating_add(1);
        self.taken <= PER_SECOND
    }
}
