//! Reads a body: its top level and each widget's frame.

use serde_json::Value as Json;

use super::model::{Content, Dashboard, Frame, PeriodOverride, Widget};
use super::problem::{At, Problem, Problems, Severity};
use super::{variable, widget};
use crate::time;

/// The most widgets of a dashboard.
const MAX_WIDGETS: usize = 500;
/// The most metrics of a dashboard, over all widgets.
const MAX_METRICS: usize = 2_500;
/// The most variables.
const MAX_VARIABLES: usize = 25;
/// The longest body that is looked at, in bytes.
const MAX_BODY: usize = 4 << 20;

/// Reads a body.
///
/// # Errors
/// Everything that is wrong with it, when something is that CloudWatch refuses.
pub fn parse(body: &str) -> Result<Dashboard, Vec<Problem>> {
    let json = read(body).map_err(|problem| vec![problem])?;
    parse_value(&json)
}

/// Reads a body that is JSON already.
///
/// # Errors
/// Everything that is wrong with it, when something is that CloudWatch refuses.
pub fn parse_value(body: &Json) -> Result<Dashboard, Vec<Problem>> {
    let mut problems = Problems::default();
    let dashboard = dashboard(&At::root(body), &mut problems);
    match dashboard {
        Some(dashboard) if problems.0.iter().all(|p| p.severity == Severity::Warning) => {
            Ok(dashboard)
        }
        _ => Err(problems.0),
    }
}

/// Everything that is wrong with a body, warnings included.
pub fn validate(body: &str) -> Vec<Problem> {
    match read(body) {
        Ok(json) => validate_value(&json),
        Err(problem) => vec![problem],
    }
}

/// Everything that is wrong with a body that is JSON already, warnings included.
pub fn validate_value(body: &Json) -> Vec<Problem> {
    let mut problems = Problems::default();
    dashboard(&At::root(body), &mut problems);
    problems.0
}

/// The body as JSON.
fn read(body: &str) -> Result<Json, Problem> {
    let problem = |message: String| Problem {
        data_path: String::new(),
        message,
        severity: Severity::Error,
    };
    if body.len() > MAX_BODY {
        return Err(problem(format!(
            "The body is {} bytes long, at most {MAX_BODY} are read",
            body.len()
        )));
    }
    serde_json::from_str(body).map_err(|e| {
        problem(format!(
            "The field DashboardBody must be a valid JSON object: {e}"
        ))
    })
}

/// The top level.
fn dashboard(at: &At<'_>, out: &mut Problems) -> Option<Dashboard> {
    at.object(out)?;
    at.known(
        &["widgets", "variables", "start", "end", "periodOverride"],
        out,
    );
    let widgets: Vec<Option<Widget>> = match at.require("widgets", out) {
        Some(list) => list
            .items(0, MAX_WIDGETS, out)
            .iter()
            .map(|w| widget(w, out))
            .collect(),
        None => Vec::new(),
    };
    let widgets: Vec<Widget> = widgets.into_iter().flatten().collect();
    let metrics: usize = widgets
        .iter()
        .map(|w| match &w.content {
            Content::Metric(metric) => metric.rows.len(),
            _ => 0,
        })
        .sum();
    if metrics > MAX_METRICS {
        out.error(
            "/widgets",
            format!("Should NOT have more than {MAX_METRICS} metrics in all widgets together"),
        );
    }
    let variables = match at.field("variables") {
        Some(list) => variable::variables(&list.items(0, MAX_VARIABLES, out), out),
        None => Vec::new(),
    };
    let (start, end) = span(at, out);
    let period_override = match at
        .field("periodOverride")
        .and_then(|p| p.one_of(&["auto", "inherit"], out))
    {
        Some("inherit") => PeriodOverride::Inherit,
        _ => PeriodOverride::Auto,
    };
    Some(Dashboard {
        widgets,
        variables,
        start: start.unwrap_or_else(|| "-PT3H".to_owned()),
        end,
        period_override,
    })
}

/// `start` and `end`; the second needs the first.
fn span(at: &At<'_>, out: &mut Problems) -> (Option<String>, Option<String>) {
    let read = |name: &str, out: &mut Problems| {
        let field = at.field(name)?;
        let text = field.string(out)?;
        let relative = text
            .strip_prefix('-')
            .is_some_and(|d| time::parse_duration(d).is_some());
        if !(time::parse_iso(text).is_some() || (relative && name == "start")) {
            out.error(
                &field.path,
                "Should be an ISO 8601 time, or for the start a duration such as -PT3H",
            );
        }
        Some(text.to_owned())
    };
    let (start, end) = (read("start", out), read("end", out));
    if end.is_some() && start.is_none() {
        out.error(
            "",
            "Should have property start when property end is present",
        );
    }
    (start, end)
}

/// One widget.
fn widget(at: &At<'_>, out: &mut Problems) -> Option<Widget> {
    at.object(out)?;
    at.known(&["type", "properties", "x", "y", "width", "height"], out);
    let frame = frame(at, out);
    let kind = at
        .require("type", out)
        .and_then(|t| t.one_of(&widget::TYPES, out));
    let properties = at.require("properties", out)?;
    properties.object(out)?;
    let title = properties
        .field("title")
        .and_then(|t| t.string(out))
        .map(str::to_owned);
    let content = widget::content(kind?, &properties, out)?;
    Some(Widget {
        frame,
        title,
        content,
    })
}

/// Position and size.
fn frame(at: &At<'_>, out: &mut Problems) -> Frame {
    let mut number = |name: &str, least: i64, most: i64| {
        let found = at.field(name).and_then(|f| f.integer(least, most, out));
        found.and_then(|n| u32::try_from(n).ok())
    };
    let (x, y) = (number("x", 0, 23), number("y", 0, i64::from(u32::MAX)));
    let (width, height) = (number("width", 1, 24), number("height", 1, 1_000));
    match (at.field("x").is_some(), at.field("y").is_some()) {
        (true, false) => out.error(
            &at.path,
            "Should have property y when property x is present",
        ),
        (false, true) => out.error(
            &at.path,
            "Should have property x when property y is present",
        ),
        _ => {}
    }
    Frame {
        position: x.zip(y),
        width: width.unwrap_or(6),
        height: height.unwrap_or(6),
    }
}
