//! `dashboards/*.yaml`: rows of widgets that are laid out by themselves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::project::Anything;
use super::select::Select;
use crate::source::{At, Raw};
use crate::value::Duration;

/// The keys of a file in `dashboards/`.
pub const KEYS: &[&str] = &["name", "start", "end", "period_override", "rows"];

/// The keys of a row.
pub const ROW_KEYS: &[&str] = &[
    "height", "widgets", "preset", "only", "except", "slo", "overview",
];

/// The keys of a row of which it has one.
pub const ROW_KINDS: &[&str] = &["widgets", "preset", "slo", "overview"];

/// The kinds of widgets, by the key that tells them.
pub const WIDGET_KINDS: &[&str] = &["metrics", "text", "alarms", "log", "widget"];

/// A file of rows in `dashboards/`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(title = "dashboards/*.yaml", deny_unknown_fields)]
pub struct DashboardFile {
    /// The dashboard's name; the file's when left out.
    pub name: Option<String>,
    /// Where the time range begins, such as `-PT3H`.
    pub start: Option<String>,
    /// Where the time range ends.
    pub end: Option<String>,
    /// `inherit` (also when left out): periods are as the widgets say; `auto`: they
    /// adapt to the time range.
    pub period_override: Option<String>,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// A row: one of `widgets`, `preset`, `slo` and `overview`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Row {
    /// 1 to 1000; 6 when left out.
    pub height: Option<u32>,
    /// From left to right.
    pub widgets: Option<Vec<Widget>>,
    /// Ready-made graphs of a kind of resources, such as `functions`.
    pub preset: Option<String>,
    /// Only resources whose names match one of these.
    pub only: Option<Vec<String>>,
    /// Not resources whose names match one of these.
    pub except: Option<Vec<String>>,
    /// Error budget, burn rate and requests of an objective; `all` for every one.
    pub slo: Option<String>,
    /// All objectives and the ready-made graphs of every kind of resources there is.
    pub overview: Option<bool>,
}

/// A widget, told by its key.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Widget {
    /// `metrics:`
    Graph(Box<Graph>),
    /// `text:`
    Text(Text),
    /// `alarms:`
    Alarms(Alarms),
    /// `log:`
    Log(Log),
    /// `widget:`
    Own(Own),
}

/// A graph.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// What is drawn.
    pub metrics: Vec<At<Series>>,
    /// Above the graph.
    pub title: Option<String>,
    /// How it is drawn.
    #[serde(default)]
    pub view: View,
    /// Areas on top of each other.
    #[serde(default)]
    pub stacked: bool,
    /// Length of a datapoint; a minute when left out.
    pub period: Option<At<Duration>>,
    /// For all series that say no other; Sum when left out.
    pub statistic: Option<At<String>>,
    /// Lines across the graph.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// The left axis.
    pub axis: Option<Axis>,
    /// The right axis.
    pub right_axis: Option<Axis>,
    /// Where the legend stands.
    pub legend: Option<Legend>,
    /// A single value: with a small graph below it.
    pub sparkline: Option<bool>,
    /// A single value, bar or pie: of the whole time range instead of its last period.
    pub whole_range: Option<bool>,
    /// In columns of 24; an equal share of the row when left out.
    pub width: Option<At<u32>>,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// Over time.
    #[default]
    TimeSeries,
    /// The last number.
    SingleValue,
    /// Bars.
    Bar,
    /// Shares of a whole.
    Pie,
    /// Numbers in rows.
    Table,
    /// A dial; `axis` says its `min` and `max`.
    Gauge,
}

/// Where a legend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Legend {
    /// Below.
    Bottom,
    /// To the right.
    Right,
    /// Nowhere.
    Hidden,
}

impl Legend {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Legend::Bottom => "bottom",
            Legend::Right => "right",
            Legend::Hidden => "hidden",
        }
    }
}

impl View {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            View::TimeSeries => "timeSeries",
            View::SingleValue => "singleValue",
            View::Bar => "bar",
            View::Pie => "pie",
            View::Table => "table",
            View::Gauge => "gauge",
        }
    }
}

/// One series of a graph: a metric or an expression.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// One series for each resource of this kind.
    #[serde(default)]
    pub for_each: Option<At<Select>>,
    /// Namespace of the metric.
    pub namespace: Option<At<String>>,
    /// Name of the metric.
    pub name: Option<At<String>>,
    /// Those of the item of `for_each` when left out.
    pub dimensions: Option<BTreeMap<String, Raw>>,
    /// Metric math over the ids of this graph.
    pub expression: Option<At<String>>,
    /// Name for expressions.
    pub id: Option<At<String>>,
    /// Name in the legend; dynamic labels such as `${LAST}` work.
    pub label: Option<String>,
    /// Overrides the graph's.
    pub statistic: Option<At<String>>,
    /// Overrides the graph's.
    pub period: Option<At<Duration>>,
    /// Six hexadecimal digits, quoted: `"#d62728"`.
    pub color: Option<At<String>>,
    /// Which axis.
    pub axis: Option<Side>,
    /// False: only there for expressions.
    pub visible: Option<bool>,
}

/// Which of the two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// A horizontal line.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Where.
    pub value: f64,
    /// What it is.
    pub label: Option<String>,
    /// Six hexadecimal digits, quoted: `"#d62728"`.
    pub color: Option<String>,
    /// The area that is filled.
    pub fill: Option<Fill>,
}

/// The side of a line that is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Above the line.
    Above,
    /// Below the line.
    Below,
}

impl Fill {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Fill::Above => "above",
            Fill::Below => "below",
        }
    }
}

/// One of the two axes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Its title.
    pub label: Option<String>,
    /// Its lower end.
    pub min: Option<f64>,
    /// Its upper end.
    pub max: Option<f64>,
}

/// Markdown.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The markdown.
    pub text: String,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}

/// The states of alarms.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Names, `*` standing for any text; `all` for all that tell somebody.
    pub alarms: Vec<At<String>>,
    /// Only those of these severities.
    #[serde(default)]
    pub severities: Vec<At<String>>,
    /// Above the strip.
    pub title: Option<String>,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}

/// Lines of log groups, as Logs Insights finds them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The query, without its `SOURCE`.
    pub log: String,
    /// The log groups.
    pub groups: Vec<At<String>>,
    /// Above the widget.
    pub title: Option<String>,
    /// How it is drawn.
    #[serde(default)]
    pub view: LogView,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}

/// How the lines of a log widget are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LogView {
    /// In rows.
    #[default]
    Table,
    /// Over time; the query has a `bin`.
    TimeSeries,
    /// Bars.
    Bar,
    /// Shares of a whole.
    Pie,
}

impl LogView {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogView::Table => "table",
            LogView::TimeSeries => "timeSeries",
            LogView::Bar => "bar",
            LogView::Pie => "pie",
        }
    }
}

/// A widget as CloudWatch writes it, for what has no form of its own here: explorer,
/// custom and chart widgets. Only its place is given by the row.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// `type` and `properties`, as CloudWatch knows them.
    pub widget: At<OwnWidget>,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}

/// The widget's kind and properties.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnWidget {
    /// Such as `explorer`.
    pub r#type: At<String>,
    /// As CloudWatch knows them.
    pub properties: Anything,
}
