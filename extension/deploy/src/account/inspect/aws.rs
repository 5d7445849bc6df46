//! Traces, log groups, lines and sums of metrics over the AWS SDK.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::account::AccountError;
use crate::account::aws::Aws;
use crate::model::slo::Counted;
use crate::readiness::look::{Inspects, Range};

/// Seconds of a datapoint that is only added to others: an hour. Counting statistics of
/// hours add up to those of the whole, and CloudWatch keeps hours for fifteen months.
const HOUR: i32 = 3_600;

impl Inspects for Aws {
    async fn has_trace(&self, function: &str, range: Range) -> Result<bool, AccountError> {
        let filter = format!("service(id(name: \"{function}\", type: \"AWS::Lambda::Function\"))");
        let request = self
            .xray
            .get_trace_summaries()
            .start_time(DateTime::from_millis(range.from_ms))
            .end_time(DateTime::from_millis(range.to_ms))
            .filter_expression(filter);
        // A page may be empty and others follow.
        let mut token = None;
        loop {
            let page = self
                .call("xray:GetTraceSummaries", || {
                    request.clone().set_next_token(token.clone()).send()
                })
                .await?;
            if !page.trace_summaries().is_empty() {
                return Ok(true);
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(false);
            }
        }
    }

    async fn retention(&self, log_group: &str) -> Result<Option<Option<u32>>, AccountError> {
        let request = self
            .logs
            .describe_log_groups()
            .log_group_name_prefix(log_group);
        // The prefix's own name sorts before all that it begins.
        let page = self
            .call("logs:DescribeLogGroups", || request.clone().send())
            .await?;
        let found = page
            .log_groups()
            .iter()
            .find(|group| group.log_group_name() == Some(log_group));
        Ok(found.map(|group| {
            group
                .retention_in_days()
                .and_then(|days| u32::try_from(days).ok())
        }))
    }

    async fn has_line(
        &self,
        log_group: &str,
        pattern: &str,
        range: Range,
    ) -> Result<bool, AccountError> {
        let request = self
            .logs
            .filter_log_events()
            .log_group_name(log_group)
            .set_filter_pattern((!pattern.is_empty()).then(|| pattern.to_owned()))
            .start_time(range.from_ms)
            .end_time(range.to_ms)
            .limit(1);
        let mut token = None;
        loop {
            let page = self
                .call("logs:FilterLogEvents", || {
                    request.clone().set_next_token(token.clone()).send()
                })
                .await?;
            if !page.events().is_empty() {
                return Ok(true);
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(false);
            }
        }
    }

    async fn sum(&self, counted: &Counted, range: Range) -> Result<f64, AccountError> {
        let dimensions = counted.metric.dimensions.iter();
        let metric = Metric::builder()
            .namespace(&counted.metric.namespace)
            .metric_name(&counted.metric.name)
            .set_dimensions(Some(
                dimensions
                    .map(|(name, value)| Dimension::builder().name(name).value(value).build())
                    .collect(),
            ))
            .build();
        let stat = MetricStat::builder()
            .metric(metric)
            .period(HOUR)
            .stat(&counted.statistic)
            .build();
        let query = MetricDataQuery::builder().id("counted").metric_stat(stat);
        let request = self
            .cloudwatch
            .get_metric_data()
            .metric_data_queries(query.build())
            .start_time(DateTime::from_millis(range.from_ms))
            .end_time(DateTime::from_millis(range.to_ms));
        let (mut sum, mut token) = (0.0, None);
        loop {
            let page = self
                .call("cloudwatch:GetMetricData", || {
                    request.clone().set_next_token(token.clone()).send()
                })
                .await?;
            let results = page.metric_data_results().iter();
            sum += results.flat_map(|result| result.values()).sum::<f64>();
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(sum);
            }
        }
    }
}
