//! The `metrics` array: `.` and `...` written out, render options read.
//!
//! `.` repeats the slot above it, `...` the run of slots above that the row does not
//! name itself: `["...", "b"]` is the row above with another last value.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::metric::{color, hint, period, statistic};
use super::model::{AxisSide, MetricRow, RowKind};
use super::problem::{At, Problems};
use crate::math;
use crate::metric::MetricId;
use crate::query::is_query_id;

/// The most rows of a widget.
const MAX_ROWS: usize = 500;
/// The most slots of a row: namespace, name, 30 dimensions.
const MAX_SLOTS: usize = 62;
/// The render options of a row.
const RENDER: [&str; 10] = [
    "color",
    "label",
    "period",
    "stat",
    "visible",
    "yAxis",
    "id",
    "region",
    "accountId",
    "expression",
];

/// Reads `metrics`.
pub(super) fn rows(at: &At<'_>, out: &mut Problems) -> Vec<MetricRow> {
    let mut above: Vec<String> = Vec::new();
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for (place, item) in at.items(0, MAX_ROWS, out).into_iter().enumerate() {
        let Some(row) = row(&item, &mut above, out) else {
            continue;
        };
        if let Some(id) = &row.id
            && !ids.insert(id.clone())
        {
            out.error(
                &item.path,
                format!("The id '{id}' is taken by another metric of the widget"),
            );
        }
        rows.push(row);
        places.push(place);
    }
    check_names(at, (&rows, &places), out);
    rows
}

/// Reads one row; `above` is the last metric row written out.
fn row(at: &At<'_>, above: &mut Vec<String>, out: &mut Problems) -> Option<MetricRow> {
    let mut slots = at.items(1, MAX_SLOTS + 1, out);
    if at
        .json
        .as_array()
        .is_some_and(|all| all.len() > slots.len())
    {
        return None;
    }
    let render = match slots.last() {
        Some(last) if last.json.is_object() => slots.pop(),
        _ => None,
    };
    if let Some(render) = &render {
        render.known(&RENDER, out);
    }
    let expression = render.as_ref().and_then(|r| r.field("expression"));
    let kind = match (slots.is_empty(), expression) {
        (true, Some(expression)) => RowKind::Expression(expression.string(out)?.to_owned()),
        (true, None) => {
            out.error(
                &at.path,
                "Should have a namespace and a metric name, or an expression",
            );
            return None;
        }
        (false, _) => RowKind::Metric(metric(at, &slots, above, out)?),
    };
    if let Some(render) = &render {
        render.texts(&["region", "accountId"], out);
    }
    let option = |name: &str| render.as_ref().and_then(|r| r.field(name));
    let axis = option("yAxis").and_then(|a| a.one_of(&["left", "right"], out));
    Some(MetricRow {
        kind,
        id: option("id").and_then(|i| id(&i, out)),
        label: option("label")
            .and_then(|l| l.string(out))
            .map(str::to_owned),
        color: option("color").and_then(|c| color(&c, out)),
        stat: option("stat").and_then(|s| statistic(&s, out)),
        period: option("period").and_then(|p| period(&p, out)),
        region: option("region")
            .and_then(|r| r.json.as_str())
            .map(str::to_owned),
        account_id: option("accountId")
            .and_then(|a| a.json.as_str())
            .map(str::to_owned),
        visible: option("visible")
            .and_then(|v| v.boolean(out))
            .unwrap_or(true),
        axis: if axis == Some("right") {
            AxisSide::Right
        } else {
            AxisSide::Left
        },
    })
}

/// The id of a row.
fn id(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let text = at.string(out)?;
    if !is_query_id(text) {
        out.error(&at.path, "Should match pattern \"^[a-z][a-zA-Z0-9_]*$\"");
        return None;
    }
    Some(text.to_owned())
}

/// The metric of a row.
fn metric(
    at: &At<'_>,
    slots: &[At<'_>],
    above: &mut Vec<String>,
    out: &mut Problems,
) -> Option<MetricId> {
    let mut words = Vec::new();
    for slot in slots {
        match slot.json {
            Json::String(word) => words.push(word.as_str()),
            _ => {
                out.error(
                    &at.path,
                    "Invalid metric field type, only \"String\" type is allowed",
                );
                return None;
            }
        }
    }
    let full = match write_out(&words, above) {
        Ok(full) => full,
        Err(message) => {
            out.error(&at.path, message);
            return None;
        }
    };
    if full.len() < 2 || !full.len().is_multiple_of(2) {
        out.error(
            &at.path,
            "Should have a namespace, a metric name and for each dimension a name and a value",
        );
        return None;
    }
    if full.len() > MAX_SLOTS {
        out.error(
            &at.path,
            format!("Should NOT have more than {MAX_SLOTS} items"),
        );
        return None;
    }
    above.clone_from(&full);
    let dimensions = full[2..]
        .chunks(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    Some(MetricId::new(full[0].clone(), full[1].clone(), dimensions))
}

/// Writes `.` and `...` out.
fn write_out(words: &[&str], above: &[String]) -> Result<Vec<String>, &'static str> {
    let mut full: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match *word {
            "..." => {
                let after = words.len() - index - 1;
                let end = above
                    .len()
                    .checked_sub(after)
                    .filter(|end| *end >= full.len());
                let Some(end) = end.filter(|_| !above.is_empty()) else {
                    return Err(
                        "\"...\" should repeat a part of the metric above, and there is none",
                    );
                };
                full.extend_from_slice(&above[full.len()..end]);
            }
            "." => match above.get(full.len()) {
                Some(slot) => full.push(slot.clone()),
                None => return Err("\".\" should repeat the field above, and there is none"),
            },
            word => full.push(word.to_owned()),
        }
    }
    Ok(full)
}

/// Warns of expressions that will draw nothing: CloudWatch takes them. Rows that could
/// not be read have left gaps between the places of the others.
fn check_names(at: &At<'_>, (rows, places): (&[MetricRow], &[usize]), out: &mut Problems) {
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.id.as_deref()).collect();
    for (row, place) in rows.iter().zip(places) {
        let RowKind::Expression(text) = &row.kind else {
            continue;
        };
        let path = format!("{}/{place}/0/expression", at.path);
        match math::parse(text) {
            Err(error) if error.needs_aws() => {}
            Err(error) => out.warn(&path, format!("Invalid expression {error}")),
            Ok(expr) => {
                let keyword = |name: &str| {
                    matches!(
                        name,
                        "AVG" | "MIN" | "MAX" | "SUM" | "ASC" | "DESC" | "REPEAT" | "LINEAR"
                    )
                };
                for name in expr.names().filter(|n| !keyword(n) && !ids.contains(n)) {
                    out.warn(
                        &path,
                        format!(
                            "No metric of the widget has the id '{name}'{}",
                            hint(name, &ids)
                        ),
                    );
                }
            }
        }
    }
}
