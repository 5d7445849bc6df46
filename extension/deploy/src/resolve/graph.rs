//! Graphs: series with their `for_each` written out, as CloudWatch writes them.

use serde_json::{Map, Value, json};

use super::dashboards::{Reader, Widget};
use super::expand::expand;
use super::resources::Resource;
use super::signal::{check_statistic, dimensions};
use crate::shape::dashboard::{Axis, Fill, Graph, Line, Series, Side};
use crate::source::At;
use crate::source::decode::decode;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::Problem;

/// Length of a datapoint of a graph that says no other.
const PERIOD: u32 = 60;

impl<'a> Reader<'a, '_> {
    /// A metric widget.
    pub(super) fn graph(&mut self, node: &Node) -> Option<Widget> {
        let (node, resources) = self.written_out(node);
        let graph: Graph = decode(&node, self.problems)?;
        let mut properties = Map::new();
        let mut put = |key: &str, value: Value| {
            properties.insert(key.to_owned(), value);
        };
        put("region", self.context.target.region.clone().into());
        put("view", graph.view.as_str().into());
        put("stacked", graph.stacked.into());
        if let Some(title) = graph.title {
            put("title", title.into());
        }
        put("period", self.period(graph.period.as_ref()).into());
        let statistic = match &graph.statistic {
            Some(statistic) => check_statistic(statistic, self.problems)?,
            None => "Sum".to_owned(),
        };
        put("stat", statistic.into());
        let axes = [("left", &graph.axis), ("right", &graph.right_axis)];
        let axes: Map<String, Value> = axes
            .into_iter()
            .filter_map(|(side, axis)| Some((side.to_owned(), ends(axis.as_ref()?))))
            .collect();
        if !axes.is_empty() {
            put("yAxis", axes.into());
        }
        if let Some(legend) = graph.legend {
            put("legend", json!({ "position": legend.as_str() }));
        }
        if let Some(sparkline) = graph.sparkline {
            put("sparkline", sparkline.into());
        }
        if let Some(whole) = graph.whole_range {
            put("setPeriodToTimeRange", whole.into());
        }
        if !graph.lines.is_empty() {
            put("annotations", lines_across(&graph.lines));
        }
        let metrics: Vec<Value> = graph
            .metrics
            .iter()
            .zip(resources)
            .filter_map(|(series, resource)| self.series(series, resource))
            .collect();
        put("metrics", metrics.into());
        Some(Widget {
            kind: "metric".to_owned(),
            properties: properties.into(),
            width: graph.width,
        })
    }

    /// The graph's node with every `for_each` of its series written out, and the
    /// resource of each series.
    fn written_out(&mut self, node: &Node) -> (Node, Vec<Option<&'a Resource>>) {
        let mut resources = Vec::new();
        let entries = match &node.kind {
            Kind::Map(entries) => &entries[..],
            _ => &[],
        };
        let entries = entries
            .iter()
            .map(|entry| {
                let value = match (&entry.value.kind, entry.key.as_str()) {
                    (Kind::List(list), "metrics") => {
                        let mut written = Vec::new();
                        for item in list {
                            for expanded in expand(self.context, item, self.problems) {
                                resources.push(expanded.item);
                                written.push(expanded.node);
                            }
                        }
                        Node {
                            span: entry.value.span,
                            kind: Kind::List(written),
                        }
                    }
                    _ => self.context.variables.apply(
                        &entry.value,
                        self.context.files,
                        self.problems,
                    ),
                };
                Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    value,
                }
            })
            .collect();
        let node = Node {
            span: node.span,
            kind: Kind::Map(entries),
        };
        (node, resources)
    }

    /// Seconds, a multiple of a minute or one of the short ones.
    fn period(&mut self, period: Option<&At<crate::value::Duration>>) -> u32 {
        let Some(period) = period else { return PERIOD };
        match period.value.seconds() {
            Some(seconds)
                if matches!(seconds, 1 | 5 | 10 | 20 | 30) || seconds.is_multiple_of(60) =>
            {
                seconds
            }
            _ => {
                self.problems.add(
                    Problem::at(
                        period.span,
                        format!("`{}` cannot be a graph's period", period.value),
                    )
                    .label("expected `1s`, `5s`, `10s`, `20s`, `30s` or whole minutes"),
                );
                PERIOD
            }
        }
    }

    fn series(&mut self, series: &At<Series>, resource: Option<&Resource>) -> Option<Value> {
        let shape = &series.value;
        let mut render = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            render.extend(value.map(|value| (key.to_owned(), value)));
        };
        put("id", shape.id.as_ref().map(|id| id.value.clone().into()));
        put("label", shape.label.clone().map(Value::from));
        put(
            "color",
            shape.color.as_ref().map(|color| color.value.clone().into()),
        );
        put("visible", shape.visible.map(Value::from));
        let right = shape.axis == Some(Side::Right);
        put("yAxis", right.then(|| "right".into()));
        if let Some(period) = &shape.period {
            put("period", Some(self.period(Some(period)).into()));
        }
        if let Some(statistic) = &shape.statistic {
            put(
                "stat",
                Some(check_statistic(statistic, self.problems)?.into()),
            );
        }
        match (&shape.expression, &shape.namespace, &shape.name) {
            (Some(expression), None, None) => {
                put("expression", Some(expression.value.clone().into()));
                Some(json!([render]))
            }
            (None, Some(namespace), Some(name)) => {
                let mut row: Vec<Value> =
                    vec![namespace.value.clone().into(), name.value.clone().into()];
                for (name, value) in dimensions(shape.dimensions.as_ref(), resource) {
                    row.push(name.into());
                    row.push(value.into());
                }
                if !render.is_empty() {
                    row.push(render.into());
                }
                Some(row.into())
            }
            _ => {
                self.problems.add(
                    Problem::at(series.span, "this is neither a metric nor an expression")
                        .help("write `namespace:` and `name:`, or `expression:`"),
                );
                None
            }
        }
    }
}

fn ends(axis: &Axis) -> Value {
    let mut ends = Map::new();
    ends.extend(
        axis.label
            .clone()
            .map(|label| ("label".to_owned(), label.into())),
    );
    ends.extend(axis.min.map(|min| ("min".to_owned(), min.into())));
    ends.extend(axis.max.map(|max| ("max".to_owned(), max.into())));
    ends.into()
}

fn lines_across(lines: &[Line]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| {
            let mut across = Map::new();
            across.insert("value".to_owned(), line.value.into());
            let mut put = |key: &str, value: Option<&str>| {
                across.extend(value.map(|value| (key.to_owned(), value.into())));
            };
            put("label", line.label.as_deref());
            put("color", line.color.as_deref());
            put("fill", line.fill.map(Fill::as_str));
            across.into()
        })
        .collect();
    json!({ "horizontal": lines })
}
