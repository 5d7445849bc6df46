//! A dashboard that is valid.

use serde_json::Value as Json;

use crate::metric::MetricId;
use crate::series::Period;
use crate::statistic::Statistic;

/// A dashboard body.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The widgets, 0 to 500.
    pub widgets: Vec<Widget>,
    /// The variables, 0 to 25.
    pub variables: Vec<Variable>,
    /// Where its time begins: ISO 8601, or relative such as `-PT3H` (the default).
    pub start: String,
    /// Where its time ends; `None` is now.
    pub end: Option<String>,
    /// Whether periods adapt to the time shown.
    pub period_override: PeriodOverride,
}

/// Whether the periods of widgets adapt to the time shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeriodOverride {
    /// They do: CloudWatch's default.
    #[default]
    Auto,
    /// Each widget keeps its own.
    Inherit,
}

/// One widget.
#[derive(Debug, Clone, PartialEq)]
pub struct Widget {
    /// Where and how large it is.
    pub frame: Frame,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// What it shows.
    pub content: Content,
}

/// Position and size in units of the grid, which is 24 wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Column 0 to 23 and row; `None` lets the dashboard place it.
    pub position: Option<(u32, u32)>,
    /// 1 to 24, default 6.
    pub width: u32,
    /// 1 to 1000, default 6.
    pub height: u32,
}

/// What a widget shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Markdown.
    Text {
        /// The markdown.
        markdown: String,
    },
    /// A Logs Insights query.
    Log {
        /// The query, with its `SOURCE` parts.
        query: String,
        /// How its result is shown: `table`, `timeSeries`, `bar`, `pie`.
        view: String,
    },
    /// Metrics.
    Metric(Box<MetricWidget>),
    /// The states of alarms.
    Alarm {
        /// Their ARNs, 1 to 100.
        arns: Vec<String>,
        /// Only those in these states; empty for all.
        states: Vec<String>,
    },
    /// Metrics by resource tag, which need AWS's inventory of resources.
    Explorer(Json),
    /// The answer of a Lambda function.
    Custom {
        /// The function's ARN.
        endpoint: String,
        /// What it is given.
        params: Json,
    },
    /// PromQL, which needs AWS.
    Chart(Json),
}

/// A metric widget.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricWidget {
    /// The rows of its `metrics`, `.` and `...` written out.
    pub rows: Vec<MetricRow>,
    /// The region it reads from.
    pub region: Option<String>,
    /// How it is drawn.
    pub view: View,
    /// Whether series are stacked.
    pub stacked: bool,
    /// The statistic of rows that name none; default `Average`.
    pub stat: Statistic,
    /// The period of rows that name none; default 300 s.
    pub period: Period,
    /// The lines and bands drawn beside the series.
    pub annotations: Annotations,
    /// The left and the right axis.
    pub axes: [AxisOptions; 2],
    /// Where the legend stands.
    pub legend: Legend,
    /// Whether one number stands for the whole time shown.
    pub set_period_to_time_range: bool,
    /// Whether a number is drawn with its line beneath.
    pub sparkline: bool,
    /// Whether the last, unfinished period is shown.
    pub live_data: bool,
    /// Whether numbers are shown in full.
    pub full_precision: bool,
    /// `+0130`; `None` is the reader's own.
    pub timezone: Option<String>,
    /// How a table is drawn, as it is written.
    pub table: Option<Json>,
}

/// One row of `metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRow {
    /// A metric or an expression.
    pub kind: RowKind,
    /// The name by which expressions call it.
    pub id: Option<String>,
    /// Its label, maybe dynamic.
    pub label: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Its own statistic.
    pub stat: Option<Statistic>,
    /// Its own period.
    pub period: Option<Period>,
    /// The region it comes from, if not that of the widget.
    pub region: Option<String>,
    /// The account it comes from, if it says so.
    pub account_id: Option<String>,
    /// Whether it is drawn; one that is not still feeds expressions.
    pub visible: bool,
    /// Its axis.
    pub axis: AxisSide,
}

/// What a row names.
#[derive(Debug, Clone, PartialEq)]
pub enum RowKind {
    /// A metric.
    Metric(MetricId),
    /// A metric math expression or a search.
    Expression(String),
}

/// How a metric widget is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the values of `view`")]
pub enum View {
    #[default]
    TimeSeries,
    SingleValue,
    Gauge,
    Bar,
    Pie,
    Table,
}

impl View {
    /// Every view with its spelling.
    pub(super) const ALL: [(&'static str, View); 6] = [
        ("timeSeries", View::TimeSeries),
        ("singleValue", View::SingleValue),
        ("gauge", View::Gauge),
        ("bar", View::Bar),
        ("pie", View::Pie),
        ("table", View::Table),
    ];

    /// Its spelling in a body.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, view)| *view == self)
            .map_or("timeSeries", |(word, _)| word)
    }
}

/// Which axis a series or an annotation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "left and right")]
pub enum AxisSide {
    #[default]
    Left,
    Right,
}

impl AxisSide {
    /// `left` or `right`.
    pub fn as_str(self) -> &'static str {
        match self {
            AxisSide::Left => "left",
            AxisSide::Right => "right",
        }
    }
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AxisOptions {
    /// What stands beside it.
    pub label: Option<String>,
    /// Where it begins.
    pub min: Option<f64>,
    /// Where it ends.
    pub max: Option<f64>,
    /// Whether units are shown.
    pub show_units: bool,
}

/// Where the legend stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the values of `legend.position`")]
pub enum Legend {
    #[default]
    Bottom,
    Right,
    Hidden,
}

/// What is drawn beside the series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    /// The ARN of an alarm, whose metric and threshold are drawn.
    pub alarm: Option<String>,
    /// Lines and bands across.
    pub horizontal: Vec<HorizontalAnnotation>,
    /// Lines and bands upright.
    pub vertical: Vec<VerticalAnnotation>,
}

/// Which side of a line is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the values of `fill`")]
pub enum Fill {
    #[default]
    None,
    Above,
    Below,
    Before,
    After,
}

/// A line across, or a band between two.
#[derive(Debug, Clone, PartialEq)]
pub struct HorizontalAnnotation {
    /// The line.
    pub mark: HorizontalMark,
    /// The other edge of a band.
    pub band: Option<HorizontalMark>,
    /// Which side is filled.
    pub fill: Fill,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Whether it is drawn.
    pub visible: bool,
    /// Its axis.
    pub axis: AxisSide,
}

/// A value with a label.
#[derive(Debug, Clone, PartialEq)]
pub struct HorizontalMark {
    /// Where it is.
    pub value: f64,
    /// What it says.
    pub label: Option<String>,
}

/// A line upright, or a band between two.
#[derive(Debug, Clone, PartialEq)]
pub struct VerticalAnnotation {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// What it says.
    pub label: Option<String>,
    /// The other edge of a band, and what it says.
    pub band: Option<(i64, Option<String>)>,
    /// Which side is filled.
    pub fill: Fill,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Whether it is drawn.
    pub visible: bool,
}

/// A variable: a reader's choice that changes every widget.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub id: String,
    /// `property` or `pattern`, and what it changes.
    pub changes: (String, String),
    /// `input`, `select` or `radio`.
    pub input_type: String,
    /// What stands beside it.
    pub label: Option<String>,
    /// The choices that are written down: value and label.
    pub values: Vec<(String, String)>,
    /// The search that finds choices, and the dimension they are taken from.
    pub search: Option<(String, String)>,
    /// The choice at the beginning; `__FIRST` is the first.
    pub default_value: Option<String>,
    /// Whether it is shown.
    pub visible: bool,
}
