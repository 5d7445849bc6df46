//! `for_each`: one entry a resource, with `${resource}` filled in; and what the
//! environment lays over an alarm of that name.

use super::Context;
use super::resources::Resource;
use crate::shape::select::Select;
use crate::source::At;
use crate::source::decode::decode;
use crate::source::merge::{matches, merge};
use crate::source::node::Node;
use crate::source::problem::Problems;

/// An entry with its variables filled in.
pub(super) struct Expanded<'a> {
    /// The entry.
    pub(super) node: Node,
    /// The item of `for_each` it is for.
    pub(super) item: Option<&'a Resource>,
}

/// Writes out the `for_each` of an entry; an entry without one stands for itself.
pub(super) fn expand<'a>(
    context: &Context<'a>,
    node: &Node,
    problems: &mut Problems,
) -> Vec<Expanded<'a>> {
    let Some(each) = node.get("for_each") else {
        return vec![Expanded {
            node: fill(context, node, None, problems),
            item: None,
        }];
    };
    let each = context.variables.apply(each, context.files, problems);
    let select: Option<At<Select>> = decode(&each, problems);
    let resources = context.resources;
    let Some(items) = select.and_then(|select| resources.select(&select, problems)) else {
        return Vec::new();
    };
    items
        .into_iter()
        .map(|item| Expanded {
            node: fill(context, node, Some(item), problems),
            item: Some(item),
        })
        .collect()
}

/// An entry with the project's variables, those of its resource, and its own name as
/// `${alarm}`.
pub(super) fn fill(
    context: &Context<'_>,
    node: &Node,
    item: Option<&Resource>,
    problems: &mut Problems,
) -> Node {
    let mut variables = context.variables.clone();
    if let Some(item) = item {
        variables = variables.with("resource", &item.name);
        for (name, value) in &item.attributes {
            variables = variables.with(&format!("resource_{name}"), value);
        }
    }
    if let Some(name) = node.get("name") {
        let name = variables.apply(name, context.files, problems);
        if let Some(name) = name.text() {
            variables = variables.with("alarm", name);
        }
    }
    variables.apply(node, context.files, problems)
}

/// What the environment makes of an alarm; `None` when it is left out there.
pub(super) fn overlaid(context: &Context<'_>, node: Node, problems: &mut Problems) -> Option<Node> {
    let Some(name) = node.get("name").and_then(Node::text).map(str::to_owned) else {
        return Some(node);
    };
    let mut node = node;
    for entry in context.overlay {
        if !matches(&entry.key, &name) {
            continue;
        }
        if is_off(&entry.value) {
            return None;
        }
        let over = context
            .variables
            .apply(&entry.value, context.files, problems);
        node = merge(&node, &over);
    }
    Some(node)
}

/// `off` and `false` leave something out.
pub(super) fn is_off(node: &Node) -> bool {
    matches!(node.text(), Some("off" | "false"))
}
