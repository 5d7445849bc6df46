//! `dashboards/*.yaml`: rows of widgets that are laid out by themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source::{At, Raw};
use crate::value::Duration;

/// The keys of a file in `dashboards/`.
pub const KEYS: &[&str] = &["name", "start", "end", "period_override", "rows"];

/// The keys of a row.
pub const ROW_KEYS: &[&str] = &["height", "widgets"];

/// The three kinds of widgets, by the key that tells them.
pub const WIDGET_KINDS: &[&str] = &["metrics", "text", "alarms"];

/// A graph.
#[derive(Clone, Debug, Deserialize)]
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
    /// Title of the left axis.
    pub axis: Option<Axis>,
    /// In columns of 24; an equal share of the row when left out.
    pub width: Option<At<u32>>,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
        }
    }
}

/// One series of a graph: a metric or an expression.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// One series for each resource of this kind.
    #[serde(default)]
    pub for_each: Option<At<String>>,
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
    /// Six hexadecimal digits, quoted: `"#d62728"`.
    pub color: Option<At<String>>,
    /// Which axis.
    pub axis: Option<Side>,
    /// False: only there for expressions.
    pub visible: Option<bool>,
}

/// One of the two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// A horizontal line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Where.
    pub value: f64,
    /// What it is.
    pub label: Option<String>,
}

/// The left axis.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The markdown.
    pub text: String,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}

/// The states of alarms.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Names, or `[all]`.
    pub alarms: Vec<At<String>>,
    /// Above the strip.
    pub title: Option<String>,
    /// In columns of 24.
    pub width: Option<At<u32>>,
}
