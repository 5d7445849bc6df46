//! Dashboards: rows become a body with places, exported bodies are taken as they are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::alarms::Names;
use super::{Context, fixed_keys, items, layout};
use crate::body;
use crate::model::Dashboard;
use crate::shape::dashboard::{Alarms, KEYS, ROW_KEYS, Text, WIDGET_KINDS};
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::{Kind, Node};
use crate::source::problem::{Problem, Problems};
use crate::source::{At, DashboardFile, DashboardForm, near};

/// Reads all files of `dashboards/`.
pub(super) fn read(
    context: &Context<'_>,
    files: &[DashboardFile],
    alarms: &Names,
    problems: &mut Problems,
) -> Vec<Dashboard> {
    let mut dashboards = Vec::new();
    let mut names = BTreeSet::new();
    for file in files {
        let (dashboard, place) = match &file.form {
            DashboardForm::Body(node, value) => (
                exported(context, file, node, value, problems),
                node.pointer(),
            ),
            DashboardForm::Rows(node) => {
                let mut reader = Reader {
                    context,
                    alarms,
                    problems,
                };
                (reader.rows(&file.stem, node), node.pointer())
            }
        };
        let Some(dashboard) = dashboard else { continue };
        check_name(&dashboard.name, place, problems);
        if !names.insert(dashboard.name.clone()) {
            problems.add(
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

/// A body as the console exports it, sent byte for byte.
fn exported(
    context: &Context<'_>,
    file: &DashboardFile,
    node: &Node,
    value: &Value,
    problems: &mut Problems,
) -> Option<Dashboard> {
    for message in body::check(value) {
        let place = body::place(node, &message.path);
        problems.add(Problem::at(place, message.text).label(message.path));
    }
    let text = context.files.get(node.span.file)?.text.trim();
    Some(Dashboard {
        name: file.stem.clone(),
        body: text.to_owned(),
    })
}

/// Reads one dashboard.
pub(super) struct Reader<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    alarms: &'a Names,
    pub(super) problems: &'b mut Problems,
}

/// A widget before it has a place.
pub(super) struct Widget {
    pub(super) kind: &'static str,
    pub(super) properties: Value,
    pub(super) width: Option<At<u32>>,
}

impl Reader<'_, '_> {
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
        let mut body = Map::new();
        body.insert("periodOverride".to_owned(), period_override.into());
        body.extend(start.map(|start| ("start".to_owned(), start.into())));
        body.extend(end.map(|end| ("end".to_owned(), end.into())));
        let Some(rows) = keys.get("rows") else {
            self.problems.add(
                Problem::at(node.pointer(), "the key `rows` is missing").label("in this dashboard"),
            );
            return None;
        };
        let mut widgets = Vec::new();
        let mut y = 0;
        for row in items(rows, "rows", self.problems) {
            y = self.row(row, y, &mut widgets);
        }
        body.insert("widgets".to_owned(), Value::Array(widgets));
        let body = Value::Object(body);
        for message in body::check(&body) {
            self.problems
                .add(Problem::at(node.pointer(), message.text).label(message.path));
        }
        Some(Dashboard {
            name,
            body: body.to_string(),
        })
    }

    /// Adds a row's widgets and returns where the next row begins.
    fn row(&mut self, node: &Node, y: u32, widgets: &mut Vec<Value>) -> u32 {
        let keys = fixed_keys(node, ROW_KEYS, "a row", self.problems);
        let height = keys
            .get("height")
            .and_then(|node| decode::<At<u32>>(node, self.problems));
        let height = layout::height(height.as_ref(), self.problems);
        let Some(list) = keys.get("widgets") else {
            self.problems.add(
                Problem::at(node.pointer(), "the key `widgets` is missing").label("in this row"),
            );
            return y;
        };
        let found: Vec<Widget> = items(list, "widgets", self.problems)
            .iter()
            .filter_map(|node| self.widget(node))
            .collect();
        let widths: Vec<Option<At<u32>>> =
            found.iter().map(|widget| widget.width.clone()).collect();
        let cells = layout::row(&widths, y, height, node.pointer(), self.problems);
        for (widget, cell) in found.into_iter().zip(cells) {
            widgets.push(json!({
                "type": widget.kind,
                "x": cell.x,
                "y": cell.y,
                "width": cell.width,
                "height": cell.height,
                "properties": widget.properties,
            }));
        }
        y + height
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
                    None => Problem::at(node.pointer(), "this is not a widget")
                        .help("a widget has one of `metrics:`, `text:` or `alarms:`"),
                };
                self.problems.add(problem);
                None
            }
        }
    }

    fn text(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let text: Text = decode(&node, self.problems)?;
        Some(Widget {
            kind: "text",
            properties: json!({ "markdown": text.text.trim_end() }),
            width: text.width,
        })
    }

    fn strip(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let strip: Alarms = decode(&node, self.problems)?;
        let mut arns = Vec::new();
        for name in &strip.alarms {
            let target = self.context.target;
            if name.value == "all" {
                arns.extend(
                    self.alarms
                        .taken
                        .keys()
                        .map(|alarm| target.alarm_arn(alarm)),
                );
            } else if self.alarms.taken.contains_key(&name.value) {
                arns.push(target.alarm_arn(&name.value));
            } else if !self.alarms.incomplete {
                self.problems.add(
                    Problem::at(name.span, format!("unknown alarm `{}`", name.value))
                        .label("no alarm of this project")
                        .help(near::suggestion(
                            &name.value,
                            self.alarms.taken.keys().map(String::as_str),
                        )),
                );
            }
        }
        let mut properties = Map::new();
        properties.extend(strip.title.map(|title| ("title".to_owned(), title.into())));
        properties.insert("alarms".to_owned(), arns.into());
        Some(Widget {
            kind: "alarm",
            properties: properties.into(),
            width: strip.width,
        })
    }
}
