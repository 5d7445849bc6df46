//! Dashboards: rows become a body with places, exported bodies are taken as they are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::alarms::Read;
use super::{Context, fixed_keys, items, layout};
use crate::body::{self, Message, Severity};
use crate::model::{Dashboard, Slo};
use crate::shape::dashboard::{KEYS, ROW_KEYS, ROW_KINDS, WIDGET_KINDS};
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::{Kind, Node};
use crate::source::problem::{Problem, Problems};
use crate::source::{At, DashboardFile, DashboardForm, near};

/// Reads dashboards.
pub(super) struct Reader<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    pub(super) alarms: &'a Read,
    pub(super) slos: &'a [Slo],
    pub(super) problems: &'b mut Problems,
}

/// A widget before it has a place.
pub(super) struct Widget {
    pub(super) kind: String,
    pub(super) properties: Value,
    pub(super) width: Option<At<u32>>,
}

/// Widgets with their places, from the top down.
#[derive(Default)]
pub(super) struct Body {
    widgets: Vec<Value>,
    y: u32,
}

impl Body {
    /// Adds a row.
    pub(super) fn row(&mut self, row: Vec<Widget>, height: u32, place: Span, to: &mut Problems) {
        let widths: Vec<Option<At<u32>>> = row.iter().map(|widget| widget.width.clone()).collect();
        let cells = layout::row(&widths, self.y, height, place, to);
        for (widget, cell) in row.into_iter().zip(cells) {
            self.widgets.push(json!({
                "type": widget.kind,
                "x": cell.x,
                "y": cell.y,
                "width": cell.width,
                "height": cell.height,
                "properties": widget.properties,
            }));
        }
        self.y += height;
    }
}

fn check_name(name: &str, place: Span, problems: &mut Problems) {
    let fits = (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !fits {
        problems.add(
            Problem::at(place, format!("`{name}` cannot be a dashboard's name")).help(
                "letters, digits, `-` and `_`, at most 255: rename the file or give it a `name:`",
            ),
        );
    }
}

impl Reader<'_, '_> {
    /// All files of `dashboards/`.
    pub(super) fn all(&mut self, files: &[DashboardFile]) -> Vec<Dashboard> {
        let mut dashboards = Vec::new();
        let mut names = BTreeSet::new();
        for file in files {
            let (dashboard, place) = match &file.form {
                DashboardForm::Body(node, _) => (self.exported(file, node), node.pointer()),
                DashboardForm::Rows(node) => (self.rows(&file.stem, node), node.pointer()),
            };
            let Some(dashboard) = dashboard else { continue };
            check_name(&dashboard.name, place, self.problems);
            if !names.insert(dashboard.name.clone()) {
                self.problems.add(
                    Problem::at(
                        place,
                        format!("two dashboards are named `{}`", dashboard.name),
                    )
                    .help("rename one of the files or give it a `name:`"),
                );
            }
            dashboards.push(dashboard);
        }
        dashboards.sort_by(|a, b| a.name.cmp(&b.name));
        dashboards
    }

    /// A body as the console exports it: sent byte for byte, but for the variables of the
    /// project that it names, such as `${region}`.
    fn exported(&mut self, file: &DashboardFile, node: &Node) -> Option<Dashboard> {
        let text = self.context.files.get(node.span.file)?.text.trim();
        let body = self
            .context
            .variables
            .in_json(text, node.span.file, self.problems);
        let value: Value = serde_json::from_str(&body).ok()?;
        for message in body::check(&value) {
            let place = body::place(node, &message.path);
            self.note(place, message);
        }
        self.check_regions(node);
        Some(Dashboard {
            name: file.stem.clone(),
            body,
        })
    }

    /// Notes what CloudWatch would say about a body, with its path in the body.
    fn note(&mut self, place: Span, message: Message) {
        let problem = Problem::at(place, message.text).label(message.path);
        match message.severity {
            Severity::Error => self.problems.add(problem),
            Severity::Warning => self.problems.warn(problem),
        }
    }

    /// A region that is spelt out is the same in every environment.
    fn check_regions(&mut self, node: &Node) {
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.check_regions(item)),
            Kind::Map(entries) => {
                for entry in entries {
                    let own = &self.context.target.region;
                    let other = entry.value.text().filter(|text| {
                        entry.key == "region" && *text != own && !text.contains("${")
                    });
                    if let Some(other) = other {
                        self.problems.warn(
                            Problem::at(
                                entry.value.span,
                                format!("the widget looks at {other}, the environment is in {own}"),
                            )
                            .help("write `${region}` to follow the environment"),
                        );
                    }
                    self.check_regions(&entry.value);
                }
            }
            _ => {}
        }
    }

    fn rows(&mut self, stem: &str, node: &Node) -> Option<Dashboard> {
        let keys = fixed_keys(node, KEYS, "a dashboard", self.problems);
        let mut text = |key: &str| -> Option<String> {
            let node = keys.get(key)?;
            let node = self
                .context
                .variables
                .apply(node, self.context.files, self.problems);
            decode(&node, self.problems)
        };
        let name = text("name").unwrap_or_else(|| stem.to_owned());
        let (start, end) = (text("start"), text("end"));
        // `auto` lets the console stretch periods, and an alarm's graph is no longer what
        // the alarm sees.
        let period_override = text("period_override").unwrap_or_else(|| "inherit".to_owned());
        let Some(rows) = keys.get("rows") else {
            self.problems.add(
                Problem::at(node.pointer(), "the key `rows` is missing")
                    .label("in this dashboard")
                    .help("add `rows:`, a list")
                    .of_shape(),
            );
            return None;
        };
        let mut made = Body::default();
        for row in items(rows, "rows", self.problems) {
            self.row(row, &mut made);
        }
        let mut body = Map::new();
        body.insert("periodOverride".to_owned(), period_override.into());
        body.extend(start.map(|start| ("start".to_owned(), start.into())));
        body.extend(end.map(|end| ("end".to_owned(), end.into())));
        body.insert("widgets".to_owned(), made.widgets.into());
        let body = Value::Object(body);
        for message in body::check(&body) {
            self.note(node.pointer(), message);
        }
        Some(Dashboard {
            name,
            body: body.to_string(),
        })
    }

    /// One row, or the rows it stands for.
    pub(super) fn row(&mut self, node: &Node, body: &mut Body) {
        let keys = fixed_keys(node, ROW_KEYS, "a row", self.problems);
        let kinds: Vec<&str> = ROW_KINDS
            .iter()
            .copied()
            .filter(|kind| keys.contains_key(kind))
            .collect();
        let height: Option<At<u32>> = keys
            .get("height")
            .and_then(|node| decode(node, self.problems));
        let height = layout::height(height.as_ref(), self.problems);
        match kinds[..] {
            ["widgets"] => {
                let widgets = items(keys["widgets"], "widgets", self.problems)
                    .iter()
                    .filter_map(|node| self.widget(node))
                    .collect();
                body.row(widgets, height, node.pointer(), self.problems);
            }
            ["preset"] => self.preset_rows(&keys, body),
            ["slo"] => self.slo_rows(keys["slo"], height, body),
            ["overview"] => self.overview(keys["overview"], height, body),
            [] => self.problems.add(
                Problem::at(node.pointer(), "the key `widgets` is missing")
                    .label("in this row")
                    .help("a row has one of `widgets:`, `preset:`, `slo:` or `overview:`"),
            ),
            _ => self.problems.add(
                Problem::at(
                    node.pointer(),
                    format!("a row has one of {}", near::list(&kinds)),
                )
                .help("begin another row"),
            ),
        }
    }

    fn widget(&mut self, node: &Node) -> Option<Widget> {
        let kinds: Vec<&str> = WIDGET_KINDS
            .iter()
            .copied()
            .filter(|kind| node.get(kind).is_some())
            .collect();
        match kinds[..] {
            ["metrics"] => self.graph(node),
            ["text"] => self.text(node),
            ["alarms"] => self.strip(node),
            ["log"] => self.log(node),
            ["widget"] => self.own(node),
            _ => {
                let near = match &node.kind {
                    Kind::Map(entries) => entries.iter().find_map(|entry| {
                        near::nearest(&entry.key, WIDGET_KINDS.iter().copied())
                            .filter(|near| *near != entry.key)
                            .map(|near| (entry, near))
                    }),
                    _ => None,
                };
                let problem = match near {
                    Some((entry, near)) => {
                        Problem::at(entry.key_span, format!("unknown key `{}`", entry.key))
                            .help(format!("did you mean `{near}`?"))
                    }
                    None => Problem::at(node.pointer(), "this is not a widget").help(
                        "a widget has one of `metrics:`, `text:`, `alarms:`, `log:` or `widget:`",
                    ),
                };
                self.problems.add(problem.of_shape());
                None
            }
        }
    }
}
