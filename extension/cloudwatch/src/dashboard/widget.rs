//! The properties of every type of widget; those of metric widgets have their own
//! file.

use super::metric::{self, legend, period};
use super::model::Content;
use super::problem::{At, Problems};

/// The types of widgets.
pub(super) const TYPES: [&str; 7] = [
    "metric", "text", "log", "alarm", "explorer", "custom", "chart",
];

/// Reads the properties of a widget.
pub(super) fn content(kind: &str, at: &At<'_>, out: &mut Problems) -> Option<Content> {
    match kind {
        "metric" => metric::metric(at, out).map(|m| Content::Metric(Box::new(m))),
        "text" => text(at, out),
        "log" => log(at, out),
        "alarm" => alarm(at, out),
        "explorer" => explorer(at, out),
        "custom" => custom(at, out),
        _ => chart(at, out),
    }
}

fn text(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    // The page names `transparent` in its text and `background` in its list.
    at.known(&["markdown", "background", "transparent"], out);
    at.flags(&["transparent"], out);
    if let Some(background) = at.field("background") {
        background.one_of(&["solid", "transparent"], out);
    }
    let markdown = at.require("markdown", out)?.string(out)?;
    Some(Content::Text {
        markdown: markdown.to_owned(),
    })
}

fn log(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    at.known(
        &[
            "region",
            "query",
            "title",
            "view",
            "accountId",
            "stacked",
            // The console writes these beside what is documented.
            "queryLanguage",
            "queryBy",
            "logGroups",
            "logGroupPrefixes",
            "start",
            "end",
        ],
        out,
    );
    if let Some(region) = at.require("region", out) {
        region.string(out);
    }
    at.texts(
        &["accountId", "queryLanguage", "queryBy", "start", "end"],
        out,
    );
    at.flags(&["stacked"], out);
    let view = at
        .field("view")
        .and_then(|v| v.one_of(&["table", "timeSeries", "bar", "pie"], out));
    let query = at.require("query", out)?;
    let text = query.string(out)?;
    if text.trim().is_empty() {
        out.error(&query.path, "Should NOT be shorter than 1 characters");
    }
    Some(Content::Log {
        query: text.to_owned(),
        view: view.unwrap_or("table").to_owned(),
    })
}

fn alarm(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    at.known(&["alarms", "sortBy", "states", "title"], out);
    if let Some(sort) = at.field("sortBy") {
        sort.one_of(&["default", "stateUpdatedTimestamp", "timestamp"], out);
    }
    let mut states = Vec::new();
    for state in at
        .field("states")
        .map(|s| s.items(0, 3, out))
        .unwrap_or_default()
    {
        states.extend(
            state
                .one_of(&["ALARM", "INSUFFICIENT_DATA", "OK"], out)
                .map(str::to_owned),
        );
    }
    let mut arns = Vec::new();
    for arn in at.require("alarms", out)?.items(1, 100, out) {
        arns.extend(alarm_arn(&arn, out));
    }
    Some(Content::Alarm { arns, states })
}

/// The ARN of an alarm.
pub(super) fn alarm_arn(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let text = at.string(out)?;
    // arn:partition:cloudwatch:region:account:alarm:name; the name may have colons.
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let fits = matches!(parts[..], ["arn", _, "cloudwatch", region, account, "alarm", name] if !region.is_empty() && !account.is_empty() && !name.is_empty());
    if !fits {
        out.error(
            &at.path,
            "Should be the ARN of an alarm: arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME",
        );
        return None;
    }
    Some(text.to_owned())
}

fn explorer(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    at.known(
        &[
            "metrics",
            "labels",
            "aggregateBy",
            "period",
            "splitBy",
            "title",
            "widgetOptions",
            // The console writes these beside what is documented.
            "region",
            "accountId",
        ],
        out,
    );
    if let Some(metrics) = at.require("metrics", out) {
        for metric in metrics.items(1, 100, out) {
            let names = ["metricName", "resourceType", "stat"];
            metric.known(&names, out);
            for name in names {
                if let Some(field) = metric.require(name, out) {
                    field.string(out);
                }
            }
        }
    }
    if let Some(labels) = at.require("labels", out) {
        for label in labels.items(0, 100, out) {
            label.known(&["key", "value"], out);
            if let Some(key) = label.require("key", out) {
                key.string(out);
            }
            label.texts(&["value"], out);
        }
    }
    if let Some(aggregate) = at.section("aggregateBy", &["key", "func"], out) {
        aggregate.texts(&["key", "func"], out);
    }
    if let Some(field) = at.field("period") {
        period(&field, out);
    }
    at.texts(&["splitBy", "region", "accountId"], out);
    widget_options(at, out);
    Some(Content::Explorer(at.json.clone()))
}

/// How each graph of an explorer is drawn.
fn widget_options(at: &At<'_>, out: &mut Problems) {
    let known = ["legend", "view", "stacked", "rowsPerPage", "widgetsPerRow"];
    let Some(options) = at.section("widgetOptions", &known, out) else {
        return;
    };
    legend(&options, out);
    options.flags(&["stacked"], out);
    options.texts(&["view"], out);
    for name in ["rowsPerPage", "widgetsPerRow"] {
        if let Some(number) = options.field(name) {
            number.integer(1, 1_000, out);
        }
    }
}

fn custom(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    at.known(&["endpoint", "params", "updateOn", "title"], out);
    let events = ["refresh", "resize", "timeRange"];
    if let Some(update) = at.section("updateOn", &events, out) {
        update.flags(&events, out);
    }
    let endpoint = at.require("endpoint", out)?;
    let arn = endpoint.string(out)?;
    if !(arn.starts_with("arn:") && arn.contains(":lambda:") && arn.contains(":function:")) {
        out.error(&endpoint.path, "Should be the ARN of a Lambda function");
    }
    let params = at
        .field("params")
        .map_or(serde_json::Value::Null, |p| p.json.clone());
    Some(Content::Custom {
        endpoint: arn.to_owned(),
        params,
    })
}

fn chart(at: &At<'_>, out: &mut Problems) -> Option<Content> {
    at.known(
        &[
            "view",
            "region",
            "data",
            "plotOptions",
            "title",
            "accountId",
        ],
        out,
    );
    if let Some(view) = at.require("view", out) {
        // No page lists them; bar and pie stand in bodies that AWS publishes.
        view.one_of(&["line", "bar", "pie", "solidgauge", "number"], out);
    }
    if let Some(region) = at.require("region", out) {
        region.string(out);
    }
    at.texts(&["accountId"], out);
    if let Some(queries) = at
        .require("data", out)
        .and_then(|d| d.require("queries", out))
    {
        queries.items(1, 100, out);
    }
    Some(Content::Chart(at.json.clone()))
}
