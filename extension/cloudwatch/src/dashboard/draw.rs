//! From a metric widget to the series that a page draws.

use std::collections::{BTreeSet, HashSet};

use super::model::{AxisSide, MetricRow, MetricWidget, PeriodOverride, RowKind, View};
use super::period;
use crate::metric::{MetricFilter, MetricId, MetricSource, TimeRange};
use crate::near;
use crate::query::{MetricDataQuery, Options, QueryError, QueryKind, ScanBy, evaluate};
use crate::search;
use crate::series::{Alignment, MetricStat};
use crate::statistic::Statistic;
use crate::time::parse_zone;

/// The colours of series that name none, in order.
const COLORS: [&str; 10] = [
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf",
];

/// What a widget is drawn for.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawOptions {
    /// The time shown.
    pub range: TimeRange,
    /// When it is drawn, for labels such as `3m ago`.
    pub now_ms: i64,
    /// How wide the graph is, in pixels.
    pub width_px: u32,
    /// Whether periods adapt to the time shown.
    pub period_override: PeriodOverride,
    /// The region, for labels.
    pub region: String,
    /// The account, for labels.
    pub account_id: String,
}

/// How the series of one query are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesStyle {
    /// The query's id.
    pub id: String,
    /// Its own colour; without one each series takes the next default.
    pub color: Option<String>,
    /// Its axis.
    pub axis: AxisSide,
}

/// The queries of a widget and the style of each that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The queries, hidden ones included.
    pub queries: Vec<MetricDataQuery>,
    /// The style of each query that is drawn, in order.
    pub styles: Vec<SeriesStyle>,
    /// How to evaluate them.
    pub options: Options,
}

/// One series as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnSeries {
    /// The id of its row.
    pub id: String,
    /// What the legend calls it.
    pub label: String,
    /// `#rrggbb`.
    pub color: String,
    /// Its axis.
    pub axis: AxisSide,
    /// How long its periods are, in seconds.
    pub period_s: u32,
    /// Start of the period in milliseconds and value, oldest first.
    pub points: Vec<(i64, f64)>,
    /// The number of views that show one: that of the last period with data, or of
    /// the whole time shown when the widget says so.
    pub value: Option<f64>,
}

/// The queries and styles of a widget.
pub fn widget_queries(widget: &MetricWidget, draw: &DrawOptions) -> Drawing {
    let ids = ids(&widget.rows);
    let labels = default_labels(widget);
    let mut queries = Vec::new();
    let mut styles = Vec::new();
    for ((row, id), label) in widget.rows.iter().zip(ids).zip(labels) {
        let period = period::period(widget, row, draw.period_override, draw.range, draw.width_px);
        let kind = match &row.kind {
            RowKind::Metric(metric) => QueryKind::Stat(MetricStat {
                metric: metric.clone(),
                period,
                stat: stat(widget, row).clone(),
                unit: None,
            }),
            RowKind::Expression(text) => QueryKind::Expression {
                text: text.clone(),
                period: Some(period),
            },
        };
        if row.visible {
            styles.push(SeriesStyle {
                id: id.clone(),
                color: row.color.clone(),
                axis: row.axis,
            });
        }
        let label = match (&row.label, label) {
            (Some(own), Some(default)) => Some(own.replace("${LABEL}", &default)),
            (own, default) => own.clone().or(default),
        };
        let label = label.map(|label| placed(label, row));
        queries.push(MetricDataQuery {
            id,
            kind,
            label,
            return_data: row.visible,
        });
    }
    let whole = widget.set_period_to_time_range && widget.view != View::TimeSeries;
    let options = Options {
        alignment: if whole {
            Alignment::Start
        } else {
            Alignment::Epoch
        },
        scan_by: ScanBy::TimestampAscending,
        now_ms: Some(draw.now_ms),
        label_zone_ms: widget
            .timezone
            .as_deref()
            .and_then(parse_zone)
            .unwrap_or_default(),
        region: widget.region.clone().unwrap_or_else(|| draw.region.clone()),
        account_id: draw.account_id.clone(),
        ..Options::from(draw.range)
    };
    Drawing {
        queries,
        styles,
        options,
    }
}

/// Evaluates a widget to the series that are drawn.
///
/// # Errors
/// When an expression cannot be evaluated.
pub fn draw(
    widget: &MetricWidget,
    draw: &DrawOptions,
    source: &dyn MetricSource,
) -> Result<Vec<DrawnSeries>, QueryError> {
    let drawing = widget_queries(widget, draw);
    let results = evaluate(&drawing.queries, &drawing.options, source)?;
    let mut colors = COLORS.iter().cycle();
    let mut series = Vec::new();
    for result in results {
        let Some(style) = drawing.styles.iter().find(|s| s.id == result.id) else {
            continue;
        };
        let default = colors.next().copied().unwrap_or(COLORS[0]);
        series.push(DrawnSeries {
            color: style.color.clone().unwrap_or_else(|| default.to_owned()),
            axis: style.axis,
            period_s: result.period.seconds(),
            value: result.values.last().copied(),
            points: result
                .timestamps_ms
                .into_iter()
                .zip(result.values)
                .collect(),
            id: result.id,
            label: result.label,
        });
    }
    Ok(series)
}

/// The metrics of a widget that the source has never seen, each with the known one
/// that was probably meant. A wrong dimension draws an empty graph and says nothing;
/// this says it.
pub fn unknown_metrics(
    widget: &MetricWidget,
    source: &dyn MetricSource,
) -> Vec<(MetricId, Option<MetricId>)> {
    let mut unknown = Vec::new();
    for row in &widget.rows {
        let RowKind::Metric(metric) = &row.kind else {
            continue;
        };
        let filter = MetricFilter {
            namespace: Some(metric.namespace.clone()),
            ..MetricFilter::default()
        };
        let known: BTreeSet<MetricId> = source.list(&filter).into_iter().collect();
        if known.contains(metric) {
            continue;
        }
        let same_name = known.iter().find(|k| k.name == metric.name);
        let name = near::nearest(&metric.name, known.iter().map(|k| k.name.as_str()));
        let meant = same_name.or_else(|| known.iter().find(|k| Some(k.name.as_str()) == name));
        unknown.push((metric.clone(), meant.cloned()));
    }
    unknown
}

/// A label with the row's own region and account in it; the widget's are put in later.
fn placed(label: String, row: &MetricRow) -> String {
    let own = [("Region", &row.region), ("AccountId", &row.account_id)];
    own.into_iter()
        .fold(label, |label, (name, value)| match value {
            Some(value) => label.replace(&format!("${{PROP('{name}')}}"), value),
            None => label,
        })
}

/// The statistic of a row.
fn stat<'a>(widget: &'a MetricWidget, row: &'a MetricRow) -> &'a Statistic {
    row.stat.as_ref().unwrap_or(&widget.stat)
}

/// The id of each row: its own, or one that no row has.
fn ids(rows: &[MetricRow]) -> Vec<String> {
    let taken: HashSet<&str> = rows.iter().filter_map(|r| r.id.as_deref()).collect();
    let mut free = (1..)
        .map(|n| format!("q{n}"))
        .filter(|id| !taken.contains(id.as_str()));
    rows.iter()
        .map(|row| row.id.clone().or_else(|| free.next()).unwrap_or_default())
        .collect()
}

/// The label of each metric row without one: what tells it from the others, and the
/// statistic where that is all that does. Expressions have their id.
fn default_labels(widget: &MetricWidget) -> Vec<Option<String>> {
    let metric = |row: &MetricRow| match &row.kind {
        RowKind::Metric(metric) => Some(metric.clone()),
        RowKind::Expression(_) => None,
    };
    let metrics: Vec<MetricId> = widget.rows.iter().filter_map(metric).collect();
    let distinct: Vec<MetricId> = metrics
        .iter()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let names = search::labels(&distinct);
    let label = |row: &MetricRow| {
        let metric = metric(row)?;
        let name = &names[distinct.binary_search(&metric).ok()?];
        let twice = metrics.iter().filter(|m| **m == metric).count() > 1;
        Some(if twice {
            format!("{name} {}", stat(widget, row))
        } else {
            name.clone()
        })
    };
    widget.rows.iter().map(label).collect()
}
