//! Reading metrics: ListMetrics, GetMetricData, GetMetricStatistics. The numbers
//! come from the engine; here are the limits and the pages.

use obs_cloudwatch::metric::{MetricFilter, MetricId, TimeRange, Unit};
use obs_cloudwatch::query::{self, MetricDataQuery, MetricDataResult, ScanBy, StatisticsRequest};
use obs_cloudwatch::series::Period;
use obs_cloudwatch::statistic::Statistic;
use obs_cloudwatch::time::parse_zone;
use serde::Deserialize;

use super::operations::Answer;
use super::put_metric_data::Dimension;
use super::{Account, paging};
use crate::store::SeriesRow;
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

/// Metrics a page.
const PAGE: usize = 500;
/// Queries a call.
const QUERIES: usize = 500;
/// Datapoints a page of GetMetricData, and of one GetMetricStatistics.
const DATAPOINTS: usize = 100_800;
const STATISTICS_DATAPOINTS: i64 = 1_440;
/// How long ago a metric may have had data to be listed.
const LISTED_MS: i64 = 14 * 86_400_000;
const RECENT_MS: i64 = 3 * 3_600_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMetrics {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<DimensionFilter>,
    next_token: Option<String>,
    recently_active: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DimensionFilter {
    name: String,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricData {
    metric_data_queries: Vec<MetricDataQuery>,
    start_time: Timestamp,
    end_time: Timestamp,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<u32>,
    label_options: Option<LabelOptions>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LabelOptions {
    timezone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricStatistics {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: Timestamp,
    end_time: Timestamp,
    period: u32,
    #[serde(default)]
    statistics: Vec<String>,
    #[serde(default)]
    extended_statistics: Vec<String>,
    unit: Option<String>,
}

pub(super) fn list_metrics(account: &Account, input: ListMetrics) -> Answer {
    let reach = match input.recently_active.as_deref() {
        None => LISTED_MS,
        Some("PT3H") => RECENT_MS,
        Some(other) => {
            return Err(Fault::value(format!(
                "The value {other} for parameter RecentlyActive is invalid: PT3H"
            )));
        }
    };
    if input.dimensions.len() > 10 {
        return Err(Fault::validation(
            "The collection Dimensions must not have a size greater than 10.",
        ));
    }
    let filter = MetricFilter {
        namespace: input.namespace,
        name: input.metric_name,
        dimensions: input
            .dimensions
            .into_iter()
            .map(|d| (d.name, d.value))
            .collect(),
    };
    let since = account.clock.now_ms() - reach;
    let mut found = account.store.series(&filter)?;
    found.retain(|series| series.seen_ms >= since);
    let (page, next) = paging::page(found, input.next_token.as_deref(), PAGE)?;
    let metric = |series: SeriesRow| {
        Tree::fields()
            .set("Namespace", series.metric.namespace)
            .set("MetricName", series.metric.name)
            .set("Dimensions", dimensions(&series.metric.dimensions))
    };
    let metrics = Tree::list(page.into_iter().map(metric));
    Ok(Tree::fields()
        .set("Metrics", metrics)
        .maybe("NextToken", next)
        .into())
}

/// Dimensions as every answer has them.
pub(super) fn dimensions(dimensions: &[(String, String)]) -> Tree {
    let dimension = |(name, value): &(String, String)| {
        Tree::fields()
            .set("Name", name.as_str())
            .set("Value", value.as_str())
    };
    Tree::list(dimensions.iter().map(dimension))
}

fn range(start: Timestamp, end: Timestamp) -> Result<TimeRange, Fault> {
    if start.0 >= end.0 {
        return Err(Fault::validation(
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok(TimeRange {
        start_ms: start.0,
        end_ms: end.0,
    })
}

pub(super) fn get_metric_data(account: &Account, input: GetMetricData) -> Answer {
    if input.metric_data_queries.is_empty() || input.metric_data_queries.len() > QUERIES {
        let message =
            format!("The collection MetricDataQueries must have a size from 1 to {QUERIES}.");
        return Err(Fault::validation(message));
    }
    let scan_by = match input.scan_by.as_deref() {
        None | Some("TimestampDescending") => ScanBy::TimestampDescending,
        Some("TimestampAscending") => ScanBy::TimestampAscending,
        Some(other) => {
            return Err(Fault::validation(format!(
                "The value {other} for parameter ScanBy is invalid."
            )));
        }
    };
    let zone = input.label_options.and_then(|options| options.timezone);
    let label_zone_ms = match zone.as_deref().map(parse_zone) {
        None => 0,
        Some(Some(zone_ms)) => zone_ms,
        Some(None) => {
            return Err(Fault::validation(
                "The value for parameter LabelOptions.Timezone is invalid.",
            ));
        }
    };
    let options = query::Options {
        scan_by,
        label_zone_ms,
        now_ms: Some(account.clock.now_ms()),
        region: account.region.clone(),
        account_id: account.account_id.clone(),
        ..query::Options::from(range(input.start_time, input.end_time)?)
    };
    let results = query::evaluate(&input.metric_data_queries, &options, &account.store)
        .map_err(|error| Fault::validation(format!("Failed to {error}")))?;
    let most = input
        .max_datapoints
        .map_or(DATAPOINTS, |n| usize::try_from(n).unwrap_or(DATAPOINTS));
    let most = most.clamp(1, DATAPOINTS);
    let from = paging::start(input.next_token.as_deref())?;
    let total: usize = results.iter().map(|result| result.values.len()).sum();
    let next = (total > from.saturating_add(most)).then(|| paging::token(from + most));
    let page = Tree::List(cut(results, from, most));
    Ok(Tree::fields()
        .set("MetricDataResults", page)
        .set("Messages", Vec::<Tree>::new())
        .maybe("NextToken", next)
        .into())
}

/// The datapoints from `from` on, at most `most`, with the results they are of.
fn cut(results: Vec<MetricDataResult>, from: usize, most: usize) -> Vec<Tree> {
    let (mut page, mut before) = (Vec::new(), 0);
    for result in results {
        let count = result.values.len();
        let first = from.saturating_sub(before).min(count);
        let last = from.saturating_add(most).saturating_sub(before).min(count);
        // A result without points belongs to the page it lies in.
        let empty_here = count == 0 && (from..=from.saturating_add(most)).contains(&before);
        if first < last || empty_here {
            page.push(result_tree(&result, first, last));
        }
        before += count;
    }
    page
}

fn result_tree(result: &MetricDataResult, first: usize, last: usize) -> Tree {
    let status = if last < result.values.len() {
        "PartialData"
    } else {
        "Complete"
    };
    let status = if result.status == query::StatusCode::PartialData {
        "PartialData"
    } else {
        status
    };
    let times = result.timestamps_ms[first..last].iter();
    let fields = Tree::fields()
        .set("Id", result.id.as_str())
        .set("Label", result.label.as_str())
        .set(
            "Timestamps",
            Tree::List(times.map(|ms| Tree::Time(*ms)).collect()),
        )
        .set(
            "Values",
            Tree::list(result.values[first..last].iter().copied()),
        )
        .set("StatusCode", status);
    if result.messages.is_empty() {
        return fields.into();
    }
    let messages = result.messages.iter();
    let message = |m: &query::ResultMessage| {
        Tree::fields()
            .set("Code", m.code.as_str())
            .set("Value", m.value.as_str())
    };
    fields
        .set("Messages", Tree::list(messages.map(message)))
        .into()
}

pub(super) fn get_metric_statistics(account: &Account, input: GetMetricStatistics) -> Answer {
    let range = range(input.start_time, input.end_time)?;
    let period =
        Period::new(input.period).map_err(|error| Fault::value(format!("Failed to {error}")))?;
    if range.length_ms() / period.ms() > STATISTICS_DATAPOINTS {
        let message = format!(
            "You have requested up to {} datapoints, which exceeds the limit of {STATISTICS_DATAPOINTS}. You may \
             reduce the datapoints requested by increasing Period, or decreasing the time range.",
            range.length_ms() / period.ms()
        );
        return Err(Fault::combination(message));
    }
    let unit = match input.unit.as_deref() {
        None => None,
        Some(text) => Some(Unit::parse(text).ok_or_else(|| {
            Fault::validation(format!(
                "The value {text} for parameter Unit is none of CloudWatch's units."
            ))
        })?),
    };
    let label = input.metric_name.clone();
    let dimensions = input
        .dimensions
        .into_iter()
        .map(|d| (d.name, d.value))
        .collect();
    let request = StatisticsRequest {
        metric: MetricId::new(input.namespace, input.metric_name, dimensions),
        range,
        period,
        statistics: statistics(&input.statistics, &input.extended_statistics)?,
        unit,
    };
    let datapoints = query::statistics(&request, &account.store);
    let datapoints = Tree::list(datapoints.iter().map(datapoint));
    Ok(Tree::fields()
        .set("Label", label)
        .set("Datapoints", datapoints)
        .into())
}

fn statistics(simple: &[String], extended: &[String]) -> Result<Vec<Statistic>, Fault> {
    if simple.is_empty() && extended.is_empty() {
        return Err(Fault::missing(
            "Must specify either Statistics or ExtendedStatistics.",
        ));
    }
    let read = |(text, wanted): (&String, bool)| {
        let parsed: Result<Statistic, _> = text.parse();
        let invalid = |why: String| {
            Fault::value(format!(
                "The value {text} for parameter Statistics is invalid{why}."
            ))
        };
        let statistic = parsed.map_err(|error| invalid(format!(": failed to {error}")))?;
        if statistic.is_extended() == wanted {
            Ok(statistic)
        } else {
            Err(invalid(String::new()))
        }
    };
    let simple = simple.iter().map(|text| (text, false));
    let extended = extended.iter().map(|text| (text, true));
    simple.chain(extended).map(read).collect()
}

fn datapoint(datapoint: &query::Datapoint) -> Tree {
    let mut fields = Tree::fields().set("Timestamp", Tree::Time(datapoint.timestamp_ms));
    let mut extended = Vec::new();
    for (statistic, value) in &datapoint.values {
        if statistic.is_extended() {
            extended.push((statistic.to_string(), *value));
        } else {
            fields = fields.set(&statistic.to_string(), *value);
        }
    }
    if !extended.is_empty() {
        fields = fields.set("ExtendedStatistics", Tree::table(extended));
    }
    fields.set("Unit", datapoint.unit.as_str()).into()
}
