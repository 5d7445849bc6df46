//! Why a widget is empty: the commonest question about a dashboard. Either the metric
//! was never seen, and one that was is near; or its data lies outside the range; or the
//! period is too short for it.

use obs_cloudwatch::dashboard::{DrawnSeries, MetricWidget, RowKind, unknown_metrics};
use obs_cloudwatch::metric::{MetricFilter, MetricId};

use super::widget::Canvas;

/// How many metrics a hint names.
const NAMED: usize = 3;

/// A hint when a widget has nothing to draw, or a metric that it cannot show.
pub(super) fn why_empty(
    widget: &MetricWidget,
    series: &[DrawnSeries],
    canvas: &Canvas<'_>,
) -> Option<String> {
    let unknown = unknown_metrics(widget, &canvas.account.store);
    let coarse = too_coarse(widget, series, canvas);
    let is_empty = series.iter().all(|one| one.points.is_empty());
    let mut reasons: Vec<String> = match is_empty {
        true => unknown
            .iter()
            .map(|(metric, meant)| never(metric, meant.as_ref()))
            .collect(),
        false => unknown
            .iter()
            .map(|(metric, _)| format!("Never recorded: {}.", text(metric)))
            .collect(),
    };
    reasons.extend(coarse.iter().map(|metric| {
        format!(
            "{} is recorded by the minute: a period below 60 seconds does not show it.",
            text(metric)
        )
    }));
    if is_empty {
        let is_explained = |metric: &MetricId| {
            coarse.contains(&metric) || unknown.iter().any(|(other, _)| other == metric)
        };
        let known = metrics(widget)
            .map(|(metric, _)| metric)
            .filter(|metric| !is_explained(metric));
        reasons.extend(known.map(|metric| elsewhere(metric, canvas)));
        if reasons.is_empty() {
            return Some(
                "No datapoint in this range: the expressions found no metric with data.".to_owned(),
            );
        }
    }
    (!reasons.is_empty()).then(|| shortened(&reasons))
}

/// The metrics that a widget names, each with its period in seconds.
fn metrics(widget: &MetricWidget) -> impl Iterator<Item = (&MetricId, u32)> {
    widget.rows.iter().filter_map(|row| match &row.kind {
        RowKind::Metric(metric) => Some((metric, row.period.unwrap_or(widget.period).seconds())),
        RowKind::Expression(_) => None,
    })
}

/// Metrics of standard resolution that are asked for by periods below a minute, which
/// CloudWatch answers with nothing.
fn too_coarse<'a>(
    widget: &'a MetricWidget,
    series: &[DrawnSeries],
    canvas: &Canvas<'_>,
) -> Vec<&'a MetricId> {
    if !series
        .iter()
        .any(|one| one.points.is_empty() && one.period_s < 60)
    {
        return Vec::new();
    }
    let is_coarse = |metric: &MetricId| {
        let samples = canvas
            .account
            .store
            .samples(metric, canvas.range)
            .unwrap_or_default();
        !samples.is_empty() && samples.iter().all(|sample| sample.resolution_s >= 60)
    };
    let fine = metrics(widget).filter(|(_, period_s)| *period_s < 60);
    fine.map(|(metric, _)| metric)
        .filter(|metric| is_coarse(metric))
        .collect()
}

fn never(metric: &MetricId, meant: Option<&MetricId>) -> String {
    let nearest = match meant {
        Some(meant) => format!("nearest series: {}.", text(meant)),
        None => "nothing like it was ever recorded.".to_owned(),
    };
    format!("No datapoint in this range for {}; {nearest}", text(metric))
}

/// A metric that has data, only not here.
fn elsewhere(metric: &MetricId, canvas: &Canvas<'_>) -> String {
    let filter = MetricFilter {
        namespace: Some(metric.namespace.clone()),
        name: Some(metric.name.clone()),
        ..MetricFilter::default()
    };
    let found = canvas.account.store.series(&filter).unwrap_or_default();
    let seen = found
        .iter()
        .find(|series| series.metric == *metric)
        .map(|series| series.seen_ms);
    let last = match seen {
        Some(seen_ms) => {
            let minutes = (canvas.range.end_ms - seen_ms).max(0) / 60_000;
            format!("its last one is {minutes} min old.")
        }
        None => "it has none at all.".to_owned(),
    };
    format!("No datapoint in this range for {}; {last}", text(metric))
}

/// `Namespace/Name {Dimension=value}`
fn text(metric: &MetricId) -> String {
    let dimensions: Vec<_> = metric
        .dimensions
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match dimensions.is_empty() {
        true => format!("{}/{}", metric.namespace, metric.name),
        false => format!(
            "{}/{} {{{}}}",
            metric.namespace,
            metric.name,
            dimensions.join(", ")
        ),
    }
}

fn shortened(parts: &[String]) -> String {
    let named: Vec<_> = parts.iter().take(NAMED).cloned().collect();
    match parts.len().saturating_sub(NAMED) {
        0 => named.join(" "),
        more => format!("{} And {more} more.", named.join(" ")),
    }
}
