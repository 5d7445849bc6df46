//! Numbers of the past by `GetMetricData`, whose quota counts datapoints beside calls.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::ScanBy;

use crate::account::AccountError;
use crate::account::aws::Aws;
use crate::account::convert::aws as convert;
use crate::backtest::{Ask, Points};

const OPERATION: &str = "cloudwatch:GetMetricData";
/// Datapoints a second of an account and a region, when the time that is asked for
/// begins within the last three hours, and when before (CloudWatch service quotas).
const RECENT: f64 = 180_000.0;
const OLDER: f64 = 396_000.0;
const THREE_HOURS_MS: i64 = 3 * 3_600_000;

/// How much of a second's quota an ask takes. What is longer than three hours begins
/// before them.
fn length(ask: &Ask) -> Duration {
    let quota = match ask.end_ms - ask.start_ms > THREE_HOURS_MS {
        true => OLDER,
        false => RECENT,
    };
    Duration::from_secs_f64(ask.points() as f64 / quota)
}

impl Aws {
    /// The answers of one ask, all of its pages.
    pub(in crate::account) async fn points(&self, ask: &Ask) -> Result<Vec<Points>, AccountError> {
        self.pace(|pace, now| pace.spend(OPERATION, length(ask), now));
        let queries: Vec<_> = ask.queries.iter().map(convert::query).collect();
        let request = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_millis(ask.start_ms))
            .end_time(DateTime::from_millis(ask.end_ms))
            .scan_by(ScanBy::TimestampAscending);
        let pages = self
            .pages(
                OPERATION,
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let mut found: BTreeMap<&str, Points> = BTreeMap::new();
        for result in pages.iter().flat_map(|page| page.metric_data_results()) {
            let times = result.timestamps().iter();
            let times = times.filter_map(|time| time.to_millis().ok());
            let points = times.zip(result.values().iter().copied());
            found
                .entry(result.id().unwrap_or_default())
                .or_default()
                .extend(points);
        }
        let answer = |id: &str| found.get(id).cloned().unwrap_or_default();
        Ok(ask.queries.iter().map(|query| answer(&query.id)).collect())
    }
}
