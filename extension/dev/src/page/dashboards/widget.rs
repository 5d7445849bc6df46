//! One widget as the page draws it.

use obs_cloudwatch::dashboard::{
    Annotations, AxisOptions, Content, DrawOptions, DrawnSeries, Fill, HorizontalAnnotation,
    HorizontalMark, Legend, MetricWidget, PeriodOverride, VerticalAnnotation, Widget, draw,
};
use obs_cloudwatch::metric::TimeRange;
use serde_json::{Map, Value, json};

use super::{alarm_graph, hint};
use crate::account::Account;

/// Pixels of one column of the grid; the page is about 1280 wide.
const COLUMN_PX: u32 = 52;

/// What a widget is drawn on.
pub(super) struct Canvas<'a> {
    pub(super) account: &'a Account,
    pub(super) range: TimeRange,
    pub(super) period_override: PeriodOverride,
    /// The widget's properties as they are written, for what only changes the looks.
    pub(super) properties: &'a Value,
}

impl Canvas<'_> {
    /// The widget at its place, with everything the page needs to draw it.
    pub(super) fn draw(&self, index: usize, (x, y): (u32, u32), widget: &Widget) -> Value {
        let mut out = blank(index, (x, y), widget);
        let more = match &widget.content {
            Content::Text { markdown } => json!({
                "type": "text",
                "markdown": markdown,
                "background": self.properties["background"].as_str().unwrap_or("solid"),
            }),
            Content::Metric(metric) => self.metric(metric, widget.frame.width),
            Content::Alarm { arns, states } => self.alarms(arns, states),
            Content::Log { query, .. } => json!({
                "type": "log",
                "error": format!("A log widget runs a Logs Insights query, which the local account does not: {query}"),
            }),
            Content::Explorer(_) => elsewhere("explorer", "an inventory of resources by tag"),
            Content::Custom { .. } => {
                elsewhere("custom", "a Lambda function that answers with a picture")
            }
            Content::Chart(_) => elsewhere("chart", "PromQL"),
        };
        put(&mut out, more);
        Value::Object(out)
    }

    fn metric(&self, metric: &MetricWidget, columns: u32) -> Value {
        let options = DrawOptions {
            range: self.range,
            now_ms: self.range.end_ms,
            width_px: columns * COLUMN_PX,
            period_override: self.period_override,
            region: self.account.region.clone(),
            account_id: self.account.account_id.clone(),
        };
        let mut out = json!({
            "type": "metric",
            "view": metric.view.as_str(),
            "stacked": metric.stacked,
            "sparkline": metric.sparkline,
            "legend": match metric.legend {
                Legend::Bottom => "bottom",
                Legend::Right => "right",
                Legend::Hidden => "hidden",
            },
            "y_axis": { "left": axis(&metric.axes[0]), "right": axis(&metric.axes[1]) },
            "annotations": annotations(&metric.annotations),
        });
        let drawn = match &metric.annotations.alarm {
            Some(arn) => alarm_graph::draw(self.account, arn, self.range),
            None => draw(metric, &options, &self.account.store)
                .map(|series| {
                    json!({
                        "hint": hint::why_empty(metric, &series, self),
                        "series": series.iter().map(one_series).collect::<Vec<_>>(),
                    })
                })
                .map_err(|error| format!("failed to {error}")),
        };
        let more = drawn.unwrap_or_else(|error| json!({ "error": error }));
        if let Some(fields) = out.as_object_mut() {
            put(fields, more);
        }
        out
    }

    fn alarms(&self, arns: &[String], states: &[String]) -> Value {
        let alarm = |arn: &String| {
            let name = alarm_name(arn);
            let row = self.account.store.alarm(name).ok().flatten();
            json!({
                "name": name,
                "state": row.as_ref().map(|row| row.state.clone()),
                "updated_ms": row.as_ref().map(|row| row.transitioned_ms),
            })
        };
        let chosen = |alarm: &Value| {
            states.is_empty()
                || alarm["state"]
                    .as_str()
                    .is_some_and(|state| states.iter().any(|s| s == state))
        };
        let alarms: Vec<Value> = arns.iter().map(alarm).filter(chosen).collect();
        json!({ "type": "alarm", "alarms": alarms })
    }
}

/// The name in the ARN of an alarm.
pub(super) fn alarm_name(arn: &str) -> &str {
    arn.split_once(":alarm:").map_or(arn, |(_, name)| name)
}

/// Every field the page reads, so that none is ever absent.
fn blank(index: usize, (x, y): (u32, u32), widget: &Widget) -> Map<String, Value> {
    let blank = json!({
        "index": index, "x": x, "y": y, "width": widget.frame.width, "height": widget.frame.height,
        "type": "", "title": widget.title, "view": null, "stacked": false, "sparkline": false, "legend": "bottom",
        "background": "solid", "y_axis": {}, "series": [], "alarms": [], "markdown": null,
        "annotations": { "horizontal": [], "vertical": [] }, "hint": null, "error": null,
    });
    match blank {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Puts fields over those that are there.
fn put(out: &mut Map<String, Value>, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, value) in more {
        out.insert(key, value);
    }
}

fn elsewhere(kind: &str, needs: &str) -> Value {
    json!({ "type": kind, "error": format!("This widget needs {needs}, which the local account does not have.") })
}

/// One series as the page reads it.
fn one_series(series: &DrawnSeries) -> Value {
    json!({
        "id": series.id,
        "label": series.label,
        "color": series.color,
        "axis": series.axis.as_str(),
        "period_s": series.period_s,
        "value": series.value,
        "points": series.points,
    })
}

fn axis(options: &AxisOptions) -> Value {
    json!({ "label": options.label, "min": options.min, "max": options.max })
}

fn annotations(annotations: &Annotations) -> Value {
    let horizontal = annotations
        .horizontal
        .iter()
        .filter(|each| each.visible)
        .map(horizontal);
    let vertical = annotations
        .vertical
        .iter()
        .filter(|each| each.visible)
        .map(vertical);
    json!({ "horizontal": horizontal.collect::<Vec<_>>(), "vertical": vertical.collect::<Vec<_>>() })
}

fn horizontal(each: &HorizontalAnnotation) -> Value {
    json!({
        "value": each.mark.value,
        "label": each.mark.label,
        "to": each.band.as_ref().map(|mark: &HorizontalMark| mark.value),
        "to_label": each.band.as_ref().and_then(|mark| mark.label.clone()),
        "color": each.color,
        "fill": fill(each.fill),
        "axis": each.axis.as_str(),
    })
}

fn vertical(each: &VerticalAnnotation) -> Value {
    json!({
        "time_ms": each.at_ms,
        "label": each.label,
        "to_ms": each.band.as_ref().map(|(at_ms, _)| at_ms),
        "to_label": each.band.as_ref().and_then(|(_, label)| label.clone()),
        "color": each.color,
        "fill": fill(each.fill),
    })
}

fn fill(fill: Fill) -> &'static str {
    match fill {
        Fill::None => "none",
        Fill::Above => "above",
        Fill::Below => "below",
        Fill::Before => "before",
        Fill::After => "after",
    }
}
