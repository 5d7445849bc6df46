//! Dashboard bodies: the model, the validator, and what a widget draws.
//!
//! [`parse`] turns a body into a [`Dashboard`] or says, as CloudWatch does, what is
//! wrong and where (`/widgets/0/properties/metrics/0`). [`widget_queries`] turns a
//! metric widget into queries and styles, [`draw`] into coloured series.

mod problem;
mod model;
mod parse;
mod variable;
mod widget;
mod metric;
mod rows;
mod annotation;
mod period;
mod draw;

pub use draw::{
    DrawOptions, Drawing, DrawnSeries, SeriesStyle, draw, unknown_metrics, widget_queries,
};
pub use model::{
    Annotations, AxisOptions, AxisSide, Content, Dashboard, Fill, Frame, HorizontalAnnotation,
    HorizontalMark, Legend, MetricRow, MetricWidget, PeriodOverride, RowKind, Variable,
    VerticalAnnotation, View, Widget,
};
pub use parse::{parse, parse_value, validate, validate_value};
pub use problem::{Problem, Severity};

#[cfg(test)]
mod tests;
