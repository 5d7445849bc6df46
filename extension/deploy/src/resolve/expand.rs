//! `for_each`: one entry a resource, with `${resource}` filled in.

use super::Context;
use super::resources::Resource;
use crate::source::At;
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
    let Some((kind, span)) = node
        .get("for_each")
        .and_then(|kind| Some((kind.text()?, kind.span)))
    else {
        return vec![Expanded {
            node: context.variables.apply(node, context.files, problems),
            item: None,
        }];
    };
    let kind = At {
        value: kind.to_owned(),
        span,
    };
    let resources = context.resources;
    let Some(items) = resources.of_kind(&kind, problems) else {
        return Vec::new();
    };
    items
        .iter()
        .map(|item| Expanded {
            node: context.variables.with("resource", &item.name).apply(
                node,
                context.files,
                problems,
            ),
            item: Some(item),
        })
        .collect()
}
