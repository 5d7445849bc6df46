//! The query protocol's requests: a form whose keys spell a path into the input,
//! such as `MetricData.member.1.Dimensions.member.2.Name`.

use std::collections::BTreeMap;

use super::{Fault, Tree};

/// How long a path may be.
const DEPTH: usize = 24;
/// How many values a form may have.
const VALUES: usize = 50_000;

/// Reads a form. `member`, `entry` and numbers make lists and maps of what would
/// be structures; `Action` and `Version` stay beside the input's members.
pub(super) fn decode(body: &[u8]) -> Result<Tree, Fault> {
    let mut root = Node::default();
    for (count, pair) in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .enumerate()
    {
        if count >= VALUES {
            return Err(Fault::serialization(format!(
                "the form has more than {VALUES} values"
            )));
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let key = unescape(halves.next().unwrap_or_default())?;
        let value = unescape(halves.next().unwrap_or_default())?;
        let mut node = &mut root;
        for (depth, part) in key.split('.').enumerate() {
            if depth >= DEPTH {
                return Err(Fault::serialization(format!(
                    "the key {key} is nested too deeply"
                )));
            }
            node = node.below.entry(part.to_owned()).or_default();
        }
        node.value = Some(value);
    }
    Ok(root.tree())
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    below: BTreeMap<String, Node>,
}

impl Node {
    fn tree(mut self) -> Tree {
        if self.below.is_empty() {
            return self.value.map_or(Tree::Null, Tree::Form);
        }
        if self.below.len() == 1 {
            if let Some(items) = self.below.remove("member") {
                return items.tree();
            }
            if let Some(entries) = self.below.remove("entry") {
                return entries.entries();
            }
        }
        if self.below.keys().all(|key| key.parse::<u32>().is_ok()) {
            let items = self.in_order();
            return Tree::List(items.into_iter().map(Node::tree).collect());
        }
        let members = self.below.into_iter();
        Tree::Struct(members.map(|(key, node)| (key, node.tree())).collect())
    }

    /// `entry.1.key=..&entry.1.value=..`; SNS's message attributes spell it with
    /// `Name` and `Value`.
    fn entries(self) -> Tree {
        let entry = |mut node: Node| {
            let mut either = |one: &str, other: &str| {
                node.below.remove(one).or_else(|| node.below.remove(other))
            };
            let key = either("key", "Name").and_then(|key| key.value)?;
            let value = either("value", "Value").map_or(Tree::Null, Node::tree);
            Some((key, value))
        };
        Tree::Table(self.in_order().into_iter().filter_map(entry).collect())
    }

    /// The nodes below by their number: "10" comes after "9".
    fn in_order(self) -> Vec<Node> {
        let number = |key: &str| key.parse::<u32>().unwrap_or(u32::MAX);
        let mut nodes: Vec<_> = self.below.into_iter().collect();
        nodes.sort_by_key(|(key, _)| number(key));
        nodes.into_iter().map(|(_, node)| node).collect()
    }
}

fn unescape(escaped: &[u8]) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next(), rest.next()];
                let digit = |d: Option<&u8>| d.and_then(|d| char::from(*d).to_digit(16));
                let [Some(high), Some(low)] = digits.map(digit) else {
                    return Err(Fault::serialization(
                        "the form has a % without two hex digits",
                    ));
                };
                bytes.push(u8::try_from(high * 16 + low).expect("two hex digits fit a byte"));
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| Fault::serialization("the form is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str, expect: &str) {
        assert_eq!(
            format!("{:?}", decode(form.as_bytes()).unwrap()),
            expect,
            "{form}"
        );
    }

    #[test]
    fn a_form_becomes_the_tree_its_keys_spell() {
        check(
            "A=1&B=x%20y+z",
            r#"Struct([("A", Form("1")), ("B", Form("x y z"))])"#,
        );
        check(
            "L.member.2=b&L.member.10=c&L.member.1=a",
            r#"Struct([("L", List([Form("a"), Form("b"), Form("c")]))])"#,
        );
        check(
            "D.member.1.Name=n&D.member.1.Value=v",
            r#"Struct([("D", List([Struct([("Name", Form("n")), ("Value", Form("v"))])]))])"#,
        );
        check(
            "Attributes.entry.1.key=k&Attributes.entry.1.value=v",
            r#"Struct([("Attributes", Table([("k", Form("v"))]))])"#,
        );
        check("L=", r#"Struct([("L", Form(""))])"#);
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for form in ["A=%2", "A=%zz", "A=%ff"] {
            assert!(decode(form.as_bytes()).is_err(), "{form}");
        }
    }
}
