//! awsJson 1.0 and 1.1, and X-Ray's REST JSON: times are seconds since 1970.

use serde_json::{Map, Value};

use super::{Fault, Tree};

/// Reads a body; none at all is a structure with no members.
pub(super) fn decode(body: &[u8]) -> Result<Tree, Fault> {
    if body.is_empty() {
        return Ok(Tree::empty());
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Fault::serialization(format!("the body is not JSON: {error}")))?;
    Ok(Tree::from(value))
}

/// Writes an answer.
pub(super) fn encode(tree: &Tree) -> Vec<u8> {
    value(tree).to_string().into_bytes()
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(number) => Value::from(*number),
        Tree::Float(number) => Value::from(*number),
        Tree::Text(text) | Tree::Form(text) => Value::from(text.as_str()),
        Tree::Time(ms) if ms % 1000 == 0 => Value::from(ms / 1000),
        Tree::Time(ms) => Value::from(*ms as f64 / 1000.0),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Struct(members) | Tree::Table(members) => {
            let set = members.iter().filter(|(_, member)| *member != Tree::Null);
            Value::Object(
                set.map(|(key, member)| (key.clone(), value(member)))
                    .collect::<Map<_, _>>(),
            )
        }
    }
}
