//! Rows that stand for others: ready-made graphs of a kind of resources, the panels of
//! objectives, and the overview of everything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dashboards::{Body, Reader, Widget};
use super::items;
use super::resources::Resource;
use crate::model::Slo;
use crate::model::slo::{BURNS, Counted, Part};
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::{Entry, Kind, Node, Scalar};
use crate::source::problem::Problem;
use crate::source::{At, near, preset};

/// Colours of what is well, of what is not, and of the line between.
const GOOD: &str = "#2ca02c";
const BAD: &str = "#d62728";
/// Every objective, every alarm.
const ALL: &str = "all";

impl Reader<'_, '_> {
    /// `preset: functions`, with `only` and `except`.
    pub(super) fn preset_rows(&mut self, keys: &BTreeMap<&str, &Node>, body: &mut Body) {
        let Some(kind) = decode::<At<String>>(keys["preset"], self.problems) else {
            return;
        };
        if !preset::kinds().any(|known| known == kind.value) {
            self.problems.add(
                Problem::at(kind.span, format!("there is no preset `{}`", kind.value))
                    .help(near::suggestion(&kind.value, preset::kinds())),
            );
            return;
        }
        if self
            .context
            .resources
            .of_kind(&kind, self.problems)
            .is_none()
        {
            return;
        }
        let filters: Vec<(&str, &Node)> = ["only", "except"]
            .into_iter()
            .filter_map(|key| Some((key, *keys.get(key)?)))
            .collect();
        for (_, node) in &filters {
            if let Some(patterns) = decode::<Vec<At<String>>>(node, self.problems) {
                let resources = self.context.resources;
                resources.check_patterns(&kind.value, &patterns, self.problems);
            }
        }
        self.ready_made(&kind.value, &filters, body);
    }

    /// The rows of a preset; series over nothing are left out.
    fn ready_made(&mut self, kind: &str, filters: &[(&str, &Node)], body: &mut Body) {
        let Some(rows) = self
            .context
            .presets
            .get(kind)
            .and_then(|document| document.get("rows"))
        else {
            return;
        };
        for row in items(rows, "rows", self.problems) {
            let there = self.there(row, filters);
            self.row(&there, body);
        }
    }

    /// A row of a preset without the series that are over no resource, and the others
    /// over those that the filters leave.
    fn there(&self, node: &Node, filters: &[(&str, &Node)]) -> Node {
        let kind = match &node.kind {
            Kind::List(items) => Kind::List(
                items
                    .iter()
                    .filter(|item| {
                        let each = item.get("for_each").and_then(Node::text);
                        each.is_none_or(|kind| !self.context.resources.all(kind).is_empty())
                    })
                    .map(|item| self.there(item, filters))
                    .filter(|item| {
                        !matches!(item.get("metrics").map(|it| &it.kind), Some(Kind::List(list)) if list.is_empty())
                    })
                    .collect(),
            ),
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: entry.key.clone(),
                        key_span: entry.key_span,
                        value: match entry.key.as_str() {
                            "for_each" if !filters.is_empty() => select(&entry.value, filters),
                            _ => self.there(&entry.value, filters),
                        },
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node {
            span: node.span,
            kind,
        }
    }

    /// `slo: NAME` or `slo: all`.
    pub(super) fn slo_rows(&mut self, node: &Node, height: u32, body: &mut Body) {
        let Some(name) = decode::<At<String>>(node, self.problems) else {
            return;
        };
        let slos = self.slos;
        if name.value == ALL {
            for slo in slos {
                self.slo_row(slo, height, name.span, body);
            }
            return;
        }
        match slos.iter().find(|slo| slo.name == name.value) {
            Some(slo) => self.slo_row(slo, height, name.span, body),
            None if self.alarms.names.incomplete => {}
            None => {
                let known = slos.iter().map(|slo| slo.name.as_str());
                self.problems.add(
                    Problem::at(name.span, format!("unknown objective `{}`", name.value))
                        .label("not under `slos:` in obs.yaml")
                        .help(near::suggestion(&name.value, known)),
                );
            }
        }
    }

    /// What is left of the budget over the page's range, how fast it burns, and the
    /// requests themselves.
    fn slo_row(&mut self, slo: &Slo, height: u32, place: Span, body: &mut Body) {
        let region = &self.context.target.region;
        let widgets = [
            budget(slo, region),
            burn(slo, region),
            requests(slo, region),
        ];
        let widgets = widgets
            .into_iter()
            .map(|properties| Widget {
                kind: "metric".to_owned(),
                properties,
                width: None,
            })
            .collect();
        body.row(widgets, height, place, self.problems);
    }

    /// Alarms, objectives, and the ready-made graphs of every kind there is.
    pub(super) fn overview(&mut self, node: &Node, height: u32, body: &mut Body) {
        match decode::<bool>(node, self.problems) {
            Some(true) => {}
            _ => return,
        }
        let place = node.pointer();
        let target = self.context.target;
        let alarms: Vec<String> = self
            .alarms
            .about
            .iter()
            .filter(|(_, about)| about.severity.is_some())
            .map(|(name, _)| target.alarm_arn(name))
            .collect();
        // An alarm widget takes a hundred alarms.
        for (index, alarms) in alarms.chunks(100).enumerate() {
            let title = match index {
                0 => "Alarms".to_owned(),
                more => format!("Alarms ({})", more + 1),
            };
            let strip = Widget {
                kind: "alarm".to_owned(),
                properties: json!({ "title": title, "alarms": alarms }),
                width: None,
            };
            body.row(vec![strip], height, place, self.problems);
        }
        for slo in self.slos {
            self.slo_row(slo, height, place, body);
        }
        for kind in preset::kinds() {
            let all: &[Resource] = self.context.resources.all(kind);
            // Topics are how the alarms are told, not what the service does.
            if !all.is_empty() && kind != "topics" {
                self.ready_made(kind, &[], body);
            }
        }
    }
}

/// `functions` with filters is `{ kind: functions, only: ... }`.
fn select(kind: &Node, filters: &[(&str, &Node)]) -> Node {
    let entry = |key: &str, value: &Node| Entry {
        key: key.to_owned(),
        key_span: value.span,
        value: value.clone(),
    };
    let plain = Node {
        span: kind.span,
        kind: Scalar::quoted(kind.text().unwrap_or_default()),
    };
    let mut entries = vec![entry("kind", &plain)];
    entries.extend(filters.iter().map(|(key, value)| entry(key, value)));
    Node {
        span: kind.span,
        kind: Kind::Map(entries),
    }
}

/// `part` and `total` of an objective as rows of a graph, unseen.
fn counted(slo: &Slo, suffix: &str, period: u32) -> Vec<Value> {
    [("part", &slo.part), ("total", &slo.total)]
        .into_iter()
        .map(|(id, counted)| {
            let render =
                json!({ "id": format!("{id}{suffix}"), "visible": false, "period": period });
            row(counted, render)
        })
        .collect()
}

fn row(counted: &Counted, mut render: Value) -> Value {
    let metric = &counted.metric;
    let mut row: Vec<Value> = vec![metric.namespace.clone().into(), metric.name.clone().into()];
    for (name, value) in &metric.dimensions {
        row.push(name.clone().into());
        row.push(value.clone().into());
    }
    render["stat"] = counted.statistic.clone().into();
    row.push(render);
    row.into()
}

/// The share of bad requests as metric math.
fn bad(slo: &Slo, suffix: &str) -> String {
    match slo.kind {
        Part::Bad => format!("FILL(part{suffix}, 0) / total{suffix}"),
        Part::Good => format!("(total{suffix} - FILL(part{suffix}, 0)) / total{suffix}"),
    }
}

fn budget(slo: &Slo, region: &str) -> Value {
    let left = format!("100 * (1 - {} / {})", bad(slo, ""), slo.budget());
    let mut metrics = vec![json!([{ "expression": left, "id": "left", "label": "% left" }])];
    // The period is that of the page's range: see setPeriodToTimeRange.
    metrics.extend(counted(slo, "", 60));
    json!({
        "title": format!("{}: error budget left in this range", slo.name),
        "region": region,
        "view": "gauge",
        "setPeriodToTimeRange": true,
        "yAxis": { "left": { "min": 0, "max": 100 } },
        "annotations": { "horizontal": [
            { "value": 0, "color": BAD, "label": "gone", "fill": "below" },
        ] },
        "metrics": metrics,
    })
}

fn burn(slo: &Slo, region: &str) -> Value {
    let mut metrics = Vec::new();
    for (suffix, period, label) in [("_1h", 3_600, "1h"), ("_6h", 21_600, "6h")] {
        let rate = format!("{} / {}", bad(slo, suffix), slo.budget());
        metrics.push(json!([{ "expression": rate, "id": format!("burn{suffix}"), "label": label, "period": period }]));
        metrics.extend(counted(slo, suffix, period));
    }
    let lines: Vec<Value> = BURNS
        .iter()
        .map(|burn| json!({ "value": burn.factor, "label": format!("{}x", burn.factor) }))
        .collect();
    json!({
        "title": format!("{}: burn rate", slo.name),
        "region": region,
        "view": "timeSeries",
        "stacked": false,
        "yAxis": { "left": { "min": 0 } },
        "annotations": { "horizontal": lines },
        "metrics": metrics,
    })
}

fn requests(slo: &Slo, region: &str) -> Value {
    let share = format!("100 * {}", bad(slo, ""));
    json!({
        "title": format!("{}: requests, and % bad", slo.name),
        "region": region,
        "view": "timeSeries",
        "stacked": false,
        "period": 60,
        "yAxis": { "left": { "min": 0 }, "right": { "min": 0, "label": "%", "showUnits": false } },
        "metrics": [
            row(&slo.total, json!({ "id": "total", "label": "all", "color": GOOD })),
            row(&slo.part, json!({ "id": "part", "visible": false })),
            [{ "expression": share, "id": "bad", "label": "% bad", "color": BAD, "yAxis": "right" }],
        ],
    })
}
