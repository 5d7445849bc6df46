//! rpc-v2-cbor: CBOR bodies, times under tag 1.

use ciborium::Value;

use super::{Fault, Tree};

/// How deep a body may be nested.
const DEPTH: usize = 32;

/// Reads a body; none at all is a structure with no members.
pub(super) fn decode(body: &[u8]) -> Result<Tree, Fault> {
    if body.is_empty() {
        return Ok(Tree::empty());
    }
    let value: Value = ciborium::de::from_reader_with_recursion_limit(body, DEPTH)
        .map_err(|error| Fault::serialization(format!("the body is not CBOR: {error}")))?;
    tree(value)
}

fn tree(value: Value) -> Result<Tree, Fault> {
    let unknown =
        |what: &str| Fault::serialization(format!("the body has {what}, which no shape takes"));
    Ok(match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Integer(number) => match i64::try_from(number) {
            Ok(number) => Tree::Int(number),
            Err(_) => Tree::Float(i128::from(number) as f64),
        },
        Value::Float(number) => Tree::Float(number),
        Value::Text(text) => Tree::Text(text),
        Value::Tag(1, inner) => match *inner {
            Value::Integer(seconds) => Tree::Float(i128::from(seconds) as f64),
            Value::Float(seconds) => Tree::Float(seconds),
            _ => return Err(unknown("a time that is no number")),
        },
        Value::Array(items) => Tree::List(items.into_iter().map(tree).collect::<Result<_, _>>()?),
        Value::Map(entries) => {
            let mut members = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let Value::Text(key) = key else {
                    return Err(unknown("a key that is no text"));
                };
                members.push((key, tree(value)?));
            }
            Tree::Struct(members)
        }
        Value::Bytes(_) => return Err(unknown("bytes")),
        _ => return Err(unknown("a value of an unknown kind")),
    })
}

/// Writes an answer.
pub(super) fn encode(tree: &Tree) -> Vec<u8> {
    let mut body = Vec::new();
    let written = ciborium::into_writer(&value(tree), &mut body);
    written.expect("writing to memory does not fail");
    body
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(number) => Value::Integer((*number).into()),
        Tree::Float(number) => Value::Float(*number),
        Tree::Text(text) | Tree::Form(text) => Value::Text(text.clone()),
        Tree::Time(ms) => Value::Tag(1, Box::new(Value::Float(*ms as f64 / 1000.0))),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Struct(members) | Tree::Table(members) => {
            let set = members.iter().filter(|(_, member)| *member != Tree::Null);
            Value::Map(
                set.map(|(key, member)| (Value::Text(key.clone()), value(member)))
                    .collect(),
            )
        }
    }
}
