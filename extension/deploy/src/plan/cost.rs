//! What CloudWatch asks for alarms and dashboards a month.
//!
//! List prices of us-east-1 in 2026 (CloudWatch's price page). They leave out the free
//! tier, ten alarm metrics and three dashboards, because it belongs to the account and
//! somebody else may have used it up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::alarm::Term;
use crate::model::{Alarm, MetricAlarm, Query, Signal};

/// Cents a month for a metric of an alarm with a period of a minute or more.
const ALARM_METRIC: u64 = 10;
/// For one with a shorter period.
const FAST_ALARM_METRIC: u64 = 30;
/// For a composite alarm.
const COMPOSITE: u64 = 50;
/// For a dashboard.
const DASHBOARD: u64 = 300;

/// Periods below this are high resolution.
const STANDARD_PERIOD: u32 = 60;
/// What an anomaly band adds: CloudWatch counts its upper and its lower edge.
const BAND_EDGES: u64 = 2;

/// What is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Metrics that alarms look at; an alarm on an expression pays for each.
    pub alarm_metrics: u64,
    /// The same, of alarms with a period of less than a minute.
    pub fast_alarm_metrics: u64,
    /// Composite alarms.
    pub composites: u64,
    /// Dashboards.
    pub dashboards: u64,
}

/// US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cents(pub u64);

impl Bill {
    /// For these alarms and so many dashboards.
    pub fn of<'a>(alarms: impl IntoIterator<Item = &'a Alarm>, dashboards: usize) -> Bill {
        let mut bill = Bill {
            dashboards: dashboards as u64,
            ..Bill::default()
        };
        for alarm in alarms {
            match alarm {
                Alarm::Composite(_) => bill.composites += 1,
                Alarm::Metric(alarm) => bill.add(alarm),
            }
        }
        bill
    }

    fn add(&mut self, alarm: &MetricAlarm) {
        let (metrics, period) = match &alarm.signal {
            Signal::Metric { period, .. } => (1, *period),
            Signal::Math(queries) => (
                queries.iter().map(counted).sum(),
                queries
                    .iter()
                    .filter_map(period)
                    .min()
                    .unwrap_or(STANDARD_PERIOD),
            ),
        };
        match period < STANDARD_PERIOD {
            true => self.fast_alarm_metrics += metrics,
            false => self.alarm_metrics += metrics,
        }
    }

    /// What it comes to in a month.
    pub fn month(&self) -> Cents {
        Cents(
            self.lines()
                .iter()
                .map(|(_, count, each)| count * each.0)
                .sum(),
        )
    }

    /// Line by line: what, how many, and the price of one.
    pub fn lines(&self) -> [(&'static str, u64, Cents); 4] {
        [
            ("alarm metrics", self.alarm_metrics, Cents(ALARM_METRIC)),
            (
                "alarm metrics of high resolution",
                self.fast_alarm_metrics,
                Cents(FAST_ALARM_METRIC),
            ),
            ("composite alarms", self.composites, Cents(COMPOSITE)),
            ("dashboards", self.dashboards, Cents(DASHBOARD)),
        ]
    }
}

/// How many metrics an entry of an expression is billed as.
fn counted(query: &Query) -> u64 {
    match &query.term {
        Term::Metric { .. } => 1,
        Term::Expression { text } if text.contains("ANOMALY_DETECTION_BAND") => BAND_EDGES,
        Term::Expression { .. } => 0,
    }
}

fn period(query: &Query) -> Option<u32> {
    match &query.term {
        Term::Metric { period, .. } => Some(*period),
        Term::Expression { .. } => None,
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("${}.{:02}", self.0 / 100, self.0 % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Actions, CompositeAlarm, MetricRef};
    use std::collections::BTreeMap;

    fn metric() -> MetricRef {
        MetricRef {
            namespace: "Shop".to_owned(),
            name: "Orders".to_owned(),
            dimensions: BTreeMap::new(),
        }
    }

    fn alarm(signal: Signal) -> Alarm {
        Alarm::Metric(MetricAlarm {
            name: "a".to_owned(),
            description: String::new(),
            actions: Actions::default(),
            actions_enabled: true,
            signal,
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            threshold: 1.0,
            comparison: "GreaterThanThreshold".to_owned(),
            treat_missing_data: "missing".to_owned(),
            low_samples: None,
            foreign: BTreeMap::new(),
        })
    }

    fn one(period: u32) -> Alarm {
        alarm(Signal::Metric {
            metric: metric(),
            statistic: "Sum".to_owned(),
            unit: None,
            period,
        })
    }

    fn math(expressions: &[&str], metrics: usize) -> Alarm {
        let query = |term| Query {
            id: "q".to_owned(),
            label: None,
            returns: false,
            term,
        };
        let metrics = (0..metrics).map(|_| Term::Metric {
            metric: metric(),
            statistic: "Sum".to_owned(),
            unit: None,
            period: 60,
        });
        let texts = expressions.iter().map(|text| Term::Expression {
            text: (*text).to_owned(),
        });
        alarm(Signal::Math(metrics.chain(texts).map(query).collect()))
    }

    fn check(alarms: &[Alarm], dashboards: usize, month: &str) {
        let bill = Bill::of(alarms, dashboards);
        assert_eq!(bill.month().to_string(), month, "{bill:?}");
    }

    #[test]
    fn a_month_costs_what_the_price_page_says() {
        check(&[], 0, "$0.00");
        check(&[one(60)], 0, "$0.10");
        check(&[one(10)], 0, "$0.30");
        check(&[math(&["a/b"], 2)], 0, "$0.20");
        check(&[math(&["ANOMALY_DETECTION_BAND(m1, 2)"], 1)], 0, "$0.30");
        let composite = Alarm::Composite(CompositeAlarm {
            name: "c".to_owned(),
            description: String::new(),
            actions: Actions::default(),
            actions_enabled: true,
            rule: "FALSE".to_owned(),
            suppressor: None,
            foreign: BTreeMap::new(),
        });
        check(&[composite, one(300)], 4, "$12.60");
    }
}
