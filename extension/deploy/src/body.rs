//! A dashboard's body against CloudWatch's rules, and where in a file a message of
//! the form `/widgets/3/properties/view` points to.

use obs_cloudwatch::dashboard;
use serde_json::Value;

pub use obs_cloudwatch::dashboard::Severity;

use crate::source::file::Span;
use crate::source::node::{Kind, Node};

/// Something CloudWatch would say about a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Such as `/widgets/3/properties`.
    pub path: String,
    /// What is wrong.
    pub text: String,
    /// Whether CloudWatch refuses the body, or takes it and returns the message.
    pub severity: Severity,
}

/// What CloudWatch would say about a body.
pub fn check(body: &Value) -> Vec<Message> {
    dashboard::validate_value(body)
        .into_iter()
        .map(|problem| Message {
            severity: problem.severity,
            path: match problem.data_path.as_str() {
                "" => "/".to_owned(),
                _ => problem.data_path,
            },
            text: problem.message,
        })
        .collect()
}

/// The place a path points to; as deep as the file follows it.
pub fn place(node: &Node, path: &str) -> Span {
    let mut node = node;
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let next = match &node.kind {
            Kind::Map(_) => node.get(step),
            Kind::List(items) => step
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.pointer()
}
