//! Which resources the dashboards show.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::Dashboard;
use crate::resolve::{Resolved, Resource};
use crate::shape::resource::KINDS;

/// What the dashboards show.
pub(super) struct Seen {
    /// Dimensions of metrics, dots written out.
    dimensions: Vec<BTreeMap<String, String>>,
    /// Expressions.
    expressions: Vec<String>,
}

impl Seen {
    pub(super) fn of(dashboards: &[Dashboard]) -> Seen {
        let mut seen = Seen {
            dimensions: Vec::new(),
            expressions: Vec::new(),
        };
        for body in dashboards.iter().filter_map(Dashboard::value) {
            for widget in body["widgets"].as_array().into_iter().flatten() {
                seen.widget(&widget["properties"]["metrics"]);
            }
        }
        seen
    }

    fn widget(&mut self, metrics: &Value) {
        let mut above: Vec<String> = Vec::new();
        for row in metrics
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
        {
            let expressions = row.iter().filter_map(|item| item["expression"].as_str());
            self.expressions.extend(expressions.map(str::to_owned));
            let row: Vec<&str> = row.iter().filter_map(Value::as_str).collect();
            if row.is_empty() {
                continue;
            }
            above = written_out(&row, &above);
            let pairs = above.get(2..).unwrap_or_default().chunks_exact(2);
            self.dimensions.push(
                pairs
                    .map(|pair| (pair[0].clone(), pair[1].clone()))
                    .collect(),
            );
        }
    }

    /// Whether a metric of the resource or of a part of it is drawn, or a SEARCH would
    /// find one.
    pub(super) fn shows(&self, resource: &Resource, resolved: &Resolved) -> bool {
        let parts = resolved
            .resources
            .kinds()
            .filter(|(kind, _)| !KINDS.contains(kind))
            .flat_map(|(_, list)| list)
            .filter(|part| part.part_of.as_deref() == Some(&resource.name));
        std::iter::once(resource).chain(parts).any(|resource| {
            let has = |seen: &BTreeMap<String, String>| {
                resource
                    .dimensions
                    .iter()
                    .all(|(name, value)| seen.get(name) == Some(value))
            };
            let searched = |text: &String| {
                text.contains("SEARCH(")
                    && resource
                        .dimensions
                        .keys()
                        .all(|name| text.contains(name.as_str()))
            };
            self.dimensions.iter().any(has) || self.expressions.iter().any(searched)
        })
    }
}

/// A row of a graph with `.` and `...` replaced by what stands above.
fn written_out(row: &[&str], above: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (index, item) in row.iter().enumerate() {
        match *item {
            "." => out.push(above.get(out.len()).cloned().unwrap_or_default()),
            "..." => {
                let after = row.len() - index - 1;
                let end = above.len().saturating_sub(after);
                out.extend(
                    above
                        .get(out.len()..end)
                        .unwrap_or_default()
                        .iter()
                        .cloned(),
                );
            }
            item => out.push(item.to_owned()),
        }
    }
    out
}
