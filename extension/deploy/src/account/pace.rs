//! How fast each API may be called: AWS's quotas as a schedule.
//!
//! AWS answers a caller that is too fast with an error, not with a wait, and counts
//! the refused call too. So calls are spaced before they are made. The quota is
//! shared by all callers of an account: when a call is refused all the same, its API
//! slows down to half, and finds its way back a little with every call that is not.
//!
//! Pure: the time comes in as a value.

use std::collections::BTreeMap;
use std::time::Duration;

/// Calls a second, as the quota pages of CloudWatch, SNS, CloudWatch Logs and
/// EventBridge give them for an account and a region (2026; the smallest of a service's
/// regions where they differ). X-Ray documents none for its rules. What is not listed
/// here is not spaced.
const QUOTAS: &[(&str, f64)] = &[
    ("cloudwatch:DeleteAlarms", 3.0),
    ("cloudwatch:DeleteDashboards", 10.0),
    ("cloudwatch:DescribeAlarms", 9.0),
    ("cloudwatch:GetDashboard", 10.0),
    ("cloudwatch:GetMetricData", 50.0),
    ("cloudwatch:ListDashboards", 10.0),
    ("cloudwatch:ListMetrics", 25.0),
    ("cloudwatch:ListTagsForResource", 10.0),
    ("cloudwatch:PutAlarmMuteRule", 3.0),
    ("cloudwatch:PutCompositeAlarm", 3.0),
    ("cloudwatch:PutDashboard", 10.0),
    ("cloudwatch:PutMetricAlarm", 3.0),
    ("cloudwatch:SetAlarmState", 3.0),
    ("cloudwatch:TagResource", 20.0),
    ("events:DeleteRule", 5.0),
    ("events:ListRules", 50.0),
    ("events:ListTagsForResource", 50.0),
    ("events:ListTargetsByRule", 50.0),
    ("events:PutRule", 50.0),
    ("events:PutTargets", 50.0),
    ("events:RemoveTargets", 5.0),
    ("events:TagResource", 50.0),
    ("logs:DeleteMetricFilter", 5.0),
    ("logs:DescribeMetricFilters", 5.0),
    ("logs:PutMetricFilter", 5.0),
    ("sns:CreateTopic", 30.0),
    ("sns:GetTopicAttributes", 30.0),
    ("sns:ListSubscriptionsByTopic", 30.0),
    ("sns:ListTagsForResource", 10.0),
    ("sns:ListTopics", 30.0),
    ("sns:SetTopicAttributes", 10.0),
    ("sns:Subscribe", 100.0),
    ("sns:TagResource", 10.0),
    ("sns:Unsubscribe", 100.0),
];

/// The slowest an API gets, as a share of its quota.
const SLOWEST: f64 = 1.0 / 16.0;
/// What a call that went through gives back of the quota.
const RECOVERY: f64 = 1.0 / 32.0;
/// How long an API rests after a refusal.
const REST: Duration = Duration::from_secs(1);

/// Whose quotas hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quotas {
    /// AWS's.
    #[default]
    Aws,
    /// None: a local account. A refusal still slows its API down.
    None,
}

/// The schedule of all APIs.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    quotas: Quotas,
    lanes: BTreeMap<&'static str, Lane>,
}

/// One API's schedule.
#[derive(Clone, Copy, Debug)]
struct Lane {
    quota: f64,
    share: f64,
    /// When the next call may be made, since the schedule began.
    next: Duration,
}

impl Pace {
    /// A schedule on which nothing stands yet.
    pub(crate) fn new(quotas: Quotas) -> Pace {
        Pace {
            quotas,
            lanes: BTreeMap::new(),
        }
    }

    /// Takes the next turn of an API: when to call, not before `now`.
    pub(crate) fn turn(&mut self, operation: &str, now: Duration) -> Duration {
        let Some(lane) = self.lane(operation) else {
            return now;
        };
        let at = lane.next.max(now);
        lane.next = at + Duration::from_secs_f64(1.0 / (lane.quota * lane.share));
        at
    }

    /// Takes so much more of an API's time than a call does: a quota may count other things
    /// beside calls.
    pub(crate) fn spend(&mut self, operation: &str, length: Duration, now: Duration) {
        if self.quotas == Quotas::None {
            return;
        }
        if let Some(lane) = self.lane(operation) {
            lane.next = lane.next.max(now) + length.div_f64(lane.share);
        }
    }

    /// A call was refused for being one too many.
    pub(crate) fn refused(&mut self, operation: &str, now: Duration) {
        if let Some(lane) = self.lane(operation) {
            lane.share = (lane.share / 2.0).max(SLOWEST);
            lane.next = lane.next.max(now + REST);
        }
    }

    /// A call went through.
    pub(crate) fn passed(&mut self, operation: &str) {
        if let Some(lane) = self.lane(operation) {
            lane.share = (lane.share + RECOVERY).min(1.0);
        }
    }

    fn lane(&mut self, operation: &str) -> Option<&mut Lane> {
        let (name, quota) = *QUOTAS.iter().find(|(name, _)| *name == operation)?;
        Some(self.lanes.entry(name).or_insert(Lane {
            quota: match self.quotas {
                Quotas::Aws => quota,
                Quotas::None => f64::INFINITY,
            },
            share: 1.0,
            next: Duration::ZERO,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &str = "cloudwatch:PutMetricAlarm";

    fn turns(pace: &mut Pace, operation: &str, calls: u32) -> Duration {
        (0..calls)
            .map(|_| pace.turn(operation, Duration::ZERO))
            .last()
            .unwrap_or_default()
    }

    #[test]
    fn a_hundred_alarms_take_their_quotas_time_and_no_more() {
        let last = turns(&mut Pace::default(), PUT, 100);
        let floor = Duration::from_secs(99) / 3;
        assert!(last >= floor.mul_f64(0.999), "{last:?}");
        assert!(last <= floor.mul_f64(1.001), "{last:?}");
    }

    #[test]
    fn no_second_holds_more_calls_than_the_quota() {
        for (operation, quota) in QUOTAS {
            let mut pace = Pace::default();
            let turns: Vec<Duration> = (0..500)
                .map(|_| pace.turn(operation, Duration::ZERO))
                .collect();
            for (index, start) in turns.iter().enumerate() {
                let end = *start + Duration::from_millis(999);
                let within = turns[index..].iter().filter(|turn| **turn < end).count();
                assert!(within as f64 <= *quota, "{operation}: {within} in a second");
            }
        }
    }

    #[test]
    fn apis_do_not_wait_for_each_other() {
        let mut pace = Pace::default();
        turns(&mut pace, PUT, 10);
        let now = Duration::from_millis(5);
        assert_eq!(pace.turn("sns:Subscribe", now), now);
        assert_eq!(pace.turn("xray:CreateSamplingRule", now), now);
    }

    #[test]
    fn a_refusal_halves_the_pace_and_calls_that_pass_bring_it_back() {
        let mut pace = Pace::default();
        pace.turn(PUT, Duration::ZERO);
        pace.refused(PUT, Duration::ZERO);
        assert_eq!(pace.turn(PUT, Duration::ZERO), REST);
        let gap = |pace: &mut Pace| {
            let now = Duration::from_secs(1000);
            let first = pace.turn(PUT, now);
            pace.turn(PUT, now) - first
        };
        assert_eq!(gap(&mut pace), Duration::from_secs_f64(1.0 / 1.5));
        for _ in 0..16 {
            pace.passed(PUT);
        }
        assert_eq!(gap(&mut pace), Duration::from_secs_f64(1.0 / 3.0));
    }

    #[test]
    fn what_is_spent_comes_on_top_of_the_calls() {
        const GET: &str = "cloudwatch:GetMetricData";
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        for call in 1..=3 {
            pace.spend(GET, second, Duration::ZERO);
            let at = pace.turn(GET, Duration::ZERO);
            assert_eq!(at, second * call + Duration::from_millis(20) * (call - 1));
        }
        let mut pace = Pace::new(Quotas::None);
        pace.spend(GET, second, Duration::ZERO);
        assert_eq!(pace.turn(GET, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn without_quotas_only_a_refusal_waits() {
        let mut pace = Pace::new(Quotas::None);
        assert_eq!(turns(&mut pace, PUT, 1000), Duration::ZERO);
        pace.refused(PUT, Duration::ZERO);
        assert_eq!(pace.turn(PUT, Duration::ZERO), REST);
    }

    #[test]
    fn the_pace_has_a_floor() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.refused(PUT, Duration::ZERO);
        }
        pace.turn(PUT, REST);
        let wait = pace.turn(PUT, REST) - REST;
        assert_eq!(wait, Duration::from_secs_f64(16.0 / 3.0));
    }
}
