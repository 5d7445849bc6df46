//! Bodies of dashboards, as the console exports them and accounts hold them.

use obs_cloudwatch::{
    dashboard::{Content, DrawOptions, PeriodOverride, Severity, parse, validate, widget_queries},
    metric::TimeRange,
};

const HOUR_MS: i64 = 3_600_000;

/// Any text: a body is understood exactly when nothing about it is an error, each error
/// has its place in the body, and what is understood can be drawn.
pub fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let problems = validate(text);
    let read = parse(text);
    let wrong = problems.iter().any(|it| it.severity == Severity::Error);
    assert_eq!(read.is_err(), wrong, "{problems:?}");
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        for problem in problems {
            let place = problem.data_path;
            assert!(json.pointer(&place).is_some(), "nothing at {place:?}");
        }
    }
    let draw = DrawOptions {
        range: TimeRange {
            start_ms: 0,
            end_ms: HOUR_MS,
        },
        now_ms: HOUR_MS,
        width_px: 600,
        period_override: PeriodOverride::Auto,
        region: "eu-west-1".to_owned(),
        account_id: "000000000000".to_owned(),
    };
    for widget in read.iter().flat_map(|dashboard| &dashboard.widgets) {
        if let Content::Metric(metric) = &widget.content {
            let drawing = widget_queries(metric, &draw);
            assert_eq!(drawing.queries.len(), drawing.styles.len());
        }
    }
}
