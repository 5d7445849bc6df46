//! Numbers of the past by `GetMetricData`.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::ScanBy;

use crate::account::AccountError;
use crate::account::aws::Aws;
use crate::account::convert::aws as convert;
use crate::backtest::{Ask, Points};

impl Aws {
    /// The answers of one ask, all of its pages.
    pub(in crate::account) async fn points(&self, ask: &Ask) -> Result<Vec<Points>, AccountError> {
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
                "cloudwatch:GetMetricData",
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
