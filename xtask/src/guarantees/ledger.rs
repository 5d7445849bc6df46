//! The books of one cell: which points were recorded, and what CloudWatch says of each.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Where the handler's points arrive.
const NAMESPACE: &str = "guarantees";

/// What was recorded, by value; each value stands for the points of one invocation.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    recorded: BTreeMap<u32, u64>,
}

/// One invocation's share of the points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// The first value that is free.
    pub(super) first: u32,
    /// How many values are used in turn.
    pub(super) distinct: u32,
    /// Points recorded of each of the two metrics.
    pub(super) points: u32,
}

/// What became of the points of both metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Recorded by the handler.
    pub(super) recorded: u64,
    /// Of these, in CloudWatch at least once.
    pub(super) delivered: u64,
    /// In CloudWatch more than once, counted for each time too many.
    pub(super) repeated: u64,
    /// Not delivered, and said to be dropped.
    pub(super) dropped: u64,
    /// Times that Lambda had to cut the extension off at a deadline.
    pub(super) overruns: u64,
}

impl Found {
    /// Points that are nowhere and that nobody counted.
    pub(super) fn lost(self) -> u64 {
        (self.recorded - self.delivered).saturating_sub(self.dropped)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found {
            recorded,
            delivered,
            repeated,
            dropped,
            overruns,
        } = self;
        write!(
            f,
            "recorded {recorded}, delivered {delivered}, repeated {repeated}, dropped {dropped}, \
             lost {}, past a deadline {overruns}",
            self.lost()
        )
    }
}

impl Ledger {
    /// The values of the next invocation, which no other one has.
    pub(super) fn next(&self, distinct: u32, points: u32) -> Share {
        let last = self.recorded.last_key_value();
        Share {
            first: last.map_or(1, |(last, _)| last + 1),
            distinct,
            points,
        }
    }

    /// Notes that an invocation has recorded its points.
    pub(super) fn note(&mut self, share: Share) {
        for number in 0..share.points {
            let value = share.first + number % share.distinct;
            *self.recorded.entry(value).or_default() += 1;
        }
    }

    /// Asks CloudWatch for every value, and for the sum of the counter.
    pub(super) fn settle(&self, endpoint: &str, seconds: u64) -> Result<Found> {
        let values: Vec<_> = self.recorded.iter().collect();
        let mut queries = vec![query("sum", "Points", "Sum")];
        for (value, _) in &values {
            let around = format!("TC({}.5:{value}.5)", **value - 1);
            queries.push(query(&format!("v{value}"), "Values", &around));
        }
        let counts = ask(endpoint, seconds, &queries)?;
        let count = |id: &str| counts.get(id).copied().unwrap_or(0);
        let recorded: u64 = values.iter().map(|(_, count)| **count).sum();
        let mut found = Found {
            recorded: recorded * 2,
            delivered: 0,
            repeated: 0,
            dropped: 0,
            overruns: 0,
        };
        let mut compare = |expect: u64, got: u64| {
            found.delivered += got.min(expect);
            found.repeated += got.saturating_sub(expect);
        };
        compare(recorded, count("sum"));
        for (value, expect) in values {
            compare(*expect, count(&format!("v{value}")));
        }
        Ok(found)
    }
}

fn query(id: &str, metric: &str, statistic: &str) -> Value {
    json!({
        "Id": id,
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": metric,
                "Dimensions": [{"Name": "service", "Value": NAMESPACE}],
            },
            "Period": 3600,
            "Stat": statistic,
        },
    })
}

/// The sum over all periods of each query.
fn ask(endpoint: &str, seconds: u64, queries: &[Value]) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for queries in queries.chunks(400) {
        let body = json!({
            "MetricDataQueries": queries,
            "StartTime": seconds - 4 * 3600,
            "EndTime": seconds + 4 * 3600,
        });
        let answer: Value = super::lab::agent()
            .post(endpoint)
            .header("authorization", super::lab::AUTHORIZATION)
            .header(
                "x-amz-target",
                "GraniteServiceVersion20100801.GetMetricData",
            )
            .content_type("application/x-amz-json-1.0")
            .send(body.to_string())
            .context("failed to ask CloudWatch for the points")?
            .body_mut()
            .read_json()
            .context("failed to read CloudWatch's answer")?;
        for result in answer["MetricDataResults"].as_array().into_iter().flatten() {
            let id = result["Id"].as_str().unwrap_or_default();
            let values = result["Values"].as_array().into_iter().flatten();
            let sum: f64 = values.filter_map(Value::as_f64).sum();
            counts.insert(id.to_owned(), sum.round() as u64);
        }
    }
    Ok(counts)
}
