//! The properties of a metric widget.

use super::annotation::annotations;
use super::model::{AxisOptions, Legend, MetricWidget, View};
use super::problem::{At, Problems};
use super::rows::rows;
use crate::near;
use crate::series::Period;
use crate::statistic::Statistic;
use crate::time::parse_zone;

/// The properties that a metric widget may have.
const KNOWN: [&str; 24] = [
    "accountId",
    "annotations",
    "legend",
    "liveData",
    "metrics",
    "period",
    "region",
    "setPeriodToTimeRange",
    "singleValueFullPrecision",
    "sparkline",
    "stacked",
    "stat",
    "table",
    "timezone",
    "title",
    "trend",
    "view",
    "yAxis",
    // The console writes these beside what is documented.
    "insightRule",
    "labels",
    "start",
    "end",
    "type",
    "theme",
];

/// Seconds in a week.
const WEEK: u32 = 604_800;

/// Reads the properties of a metric widget.
pub(super) fn metric(at: &At<'_>, out: &mut Problems) -> Option<MetricWidget> {
    at.known(&KNOWN, out);
    let annotations = at
        .field("annotations")
        .map(|a| annotations(&a, out))
        .unwrap_or_default();
    let metrics = at.field("metrics");
    let region = at
        .field("region")
        .and_then(|r| r.string(out))
        .map(str::to_owned);
    at.texts(&["accountId", "start", "end", "type", "theme"], out);
    insight_rule(at, out);
    // Whether the slices of a pie are labelled.
    if let Some(labels) = at.section("labels", &["visible"], out) {
        labels.flags(&["visible"], out);
    }
    check_source(at, annotations.alarm.is_some(), out);
    let flag = |name: &str, out: &mut Problems| {
        at.field(name).and_then(|f| f.boolean(out)).unwrap_or(false)
    };
    let names: Vec<&'static str> = View::ALL.iter().map(|(word, _)| *word).collect();
    let word = at.field("view").and_then(|v| v.one_of(&names, out));
    let view = View::ALL
        .iter()
        .find(|(known, _)| Some(*known) == word)
        .map_or(View::TimeSeries, |(_, view)| *view);
    let widget = MetricWidget {
        rows: metrics.map(|m| rows(&m, out)).unwrap_or_default(),
        region,
        view,
        stacked: flag("stacked", out),
        stat: at
            .field("stat")
            .and_then(|s| statistic(&s, out))
            .unwrap_or(Statistic::Average),
        period: at
            .field("period")
            .and_then(|p| period(&p, out))
            .unwrap_or(Period::at_least(300)),
        annotations,
        axes: axes(at, out),
        legend: legend(at, out),
        set_period_to_time_range: flag("setPeriodToTimeRange", out),
        sparkline: flag("sparkline", out),
        live_data: flag("liveData", out),
        full_precision: flag("singleValueFullPrecision", out),
        timezone: timezone(at, out),
        table: at.field("table").map(|t| table(&t, out)),
    };
    flag("trend", out);
    check_view(at, &widget, out);
    Some(widget)
}

/// A rule of Contributor Insights, whose data only CloudWatch has.
fn insight_rule(at: &At<'_>, out: &mut Problems) {
    const KNOWN: [&str; 3] = ["maxContributorCount", "orderBy", "ruleName"];
    let Some(rule) = at.section("insightRule", &KNOWN, out) else {
        return;
    };
    rule.require("ruleName", out).map(|name| name.string(out));
    // As GetInsightRuleReport has them.
    rule.field("maxContributorCount")
        .map(|count| count.integer(1, 100, out));
    rule.field("orderBy")
        .map(|order| order.one_of(&["Sum", "Maximum"], out));
}

/// Where the data comes from: metrics, a rule of Contributor Insights, or the alarm of an
/// annotation, never metrics and an alarm.
fn check_source(at: &At<'_>, has_alarm: bool, out: &mut Problems) {
    let metrics = at.field("metrics");
    let has_data = metrics.is_some() || at.field("insightRule").is_some();
    let annotations = at.field("annotations");
    let drawn = metrics.is_some_and(|m| m.json.as_array().is_none_or(|rows| !rows.is_empty()));
    if drawn && has_alarm {
        out.error(
            &at.path,
            "Should NOT have both metrics and an alarm annotation",
        );
    }
    if !has_data && !has_alarm {
        // CloudWatch says it three times; people look for these very words.
        out.error(&at.path, "Should have required property 'metrics'");
        out.error(&at.path, "The metric widget should have specified a region and a data source or an alarm annotation");
        if annotations.is_none() {
            out.error(&at.path, "Should have required property 'annotations'");
        }
    } else if has_data && !has_alarm && at.field("region").is_none() {
        out.error(&at.path, "Should have required property 'region'");
    }
}

/// What a view needs, and what does not go together.
fn check_view(at: &At<'_>, widget: &MetricWidget, out: &mut Problems) {
    let left = &widget.axes[0];
    if widget.view == View::Gauge && (left.min.is_none() || left.max.is_none()) {
        out.error(
            &at.path,
            "The gauge view should have yAxis.left.min and yAxis.left.max",
        );
    }
    // Other views are documented to ignore it, and the console leaves it there.
    let sparkline = widget.sparkline && widget.view == View::SingleValue;
    if sparkline && widget.set_period_to_time_range {
        out.warn(
            &at.path,
            "Should NOT have both sparkline and setPeriodToTimeRange",
        );
    }
    for (side, axis) in ["left", "right"].iter().zip(&widget.axes) {
        if let (Some(min), Some(max)) = (axis.min, axis.max)
            && min >= max
        {
            out.error(
                format!("{}/yAxis/{side}", at.path),
                "The min should be less than the max",
            );
        }
    }
}

/// A statistic of a body. CloudWatch takes any text; a wrong one draws nothing.
pub(super) fn statistic(at: &At<'_>, out: &mut Problems) -> Option<Statistic> {
    let text = at.string(out)?;
    let parsed = text.parse::<Statistic>();
    parsed
        .map_err(|e| out.error(&at.path, format!("Invalid statistic: failed to {e}")))
        .ok()
}

/// A period of a body.
pub(super) fn period(at: &At<'_>, out: &mut Problems) -> Option<Period> {
    let seconds = at.integer(1, i64::from(u32::MAX), out)?;
    let seconds = u32::try_from(seconds).ok()?;
    // The console offers up to 30 days, and the documents name no upper limit; the
    // engine draws more than a week as weeks.
    let longer = seconds > WEEK && seconds.is_multiple_of(60);
    let period = match longer {
        true => Some(Period::at_least(i64::from(WEEK))),
        false => Period::new(seconds).ok(),
    };
    if period.is_none() {
        out.error(&at.path, "Should be 1, 5, 10, 20, 30 or a multiple of 60");
    }
    period
}

/// `#rrggbb`; names of colours are what people try first.
pub(super) fn color(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let text = at.string(out)?;
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        out.error(&at.path, "Should match pattern \"^#[0-9a-fA-F]{6}$\"");
        return None;
    }
    Some(text.to_owned())
}

fn axes(at: &At<'_>, out: &mut Problems) -> [AxisOptions; 2] {
    let Some(axes) = at.section("yAxis", &["left", "right"], out) else {
        return Default::default();
    };
    ["left", "right"].map(|side| {
        let Some(axis) = axes.section(side, &["label", "min", "max", "showUnits"], out) else {
            return AxisOptions::default();
        };
        AxisOptions {
            label: axis
                .field("label")
                .and_then(|l| l.string(out))
                .map(str::to_owned),
            min: axis.field("min").and_then(|n| n.number(out)),
            max: axis.field("max").and_then(|n| n.number(out)),
            show_units: axis
                .field("showUnits")
                .and_then(|s| s.boolean(out))
                .unwrap_or(true),
        }
    })
}

/// Where the legend stands.
pub(super) fn legend(at: &At<'_>, out: &mut Problems) -> Legend {
    let legend = at.section("legend", &["position"], out);
    let position = legend.and_then(|l| l.field("position"));
    match position.and_then(|p| p.one_of(&["right", "bottom", "hidden"], out)) {
        Some("right") => Legend::Right,
        Some("hidden") => Legend::Hidden,
        _ => Legend::Bottom,
    }
}

fn timezone(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let zone = at.field("timezone")?;
    let text = zone.string(out)?;
    // The console writes these two for what was made elsewhere in it.
    let named = matches!(text, "Local" | "UTC");
    if !named && parse_zone(text).is_none() {
        out.error(&zone.path, "Should match pattern \"^[+-][0-9]{4}$\"");
    }
    Some(text.to_owned())
}

fn table(at: &At<'_>, out: &mut Problems) -> serde_json::Value {
    at.object(out);
    at.known(
        &[
            "layout",
            "stickySummary",
            "showTimeSeriesData",
            "summaryColumns",
        ],
        out,
    );
    if let Some(layout) = at.field("layout") {
        layout.one_of(&["vertical", "horizontal"], out);
    }
    for name in ["stickySummary", "showTimeSeriesData"] {
        if let Some(flag) = at.field(name) {
            flag.boolean(out);
        }
    }
    for column in at
        .field("summaryColumns")
        .map(|c| c.items(0, 4, out))
        .unwrap_or_default()
    {
        column.one_of(&["MIN", "MAX", "SUM", "AVG"], out);
    }
    at.json.clone()
}

/// The near miss for a name that is not known here.
pub(super) fn hint(found: &str, known: &[&str]) -> String {
    near::hint(found, known.iter().copied())
}
