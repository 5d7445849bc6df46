//! JSON and YAML as one kind of tree; CloudFormation's short forms (`!Ref x`) become
//! the long ones (`{"Ref": "x"}`) that JSON templates have.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Tagged;

/// Reads a document.
///
/// # Errors
/// A sentence saying where it stops being one.
pub(super) fn read(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    match serde_saphyr::from_str::<Tree>(text) {
        Ok(tree) => Ok(tree.value()),
        Err(error) => {
            let message = error.without_snippet().render();
            Err(message.lines().next().unwrap_or_default().to_owned())
        }
    }
}

/// A value with its tag.
struct Tree(Tagged<Kind>);

enum Kind {
    Scalar(Value),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    fn value(self) -> Value {
        let Tagged(kind, tag) = self.0;
        let value = match kind {
            Kind::Scalar(value) => value,
            Kind::List(items) => items.into_iter().map(Tree::value).collect(),
            Kind::Map(entries) => Value::Object(
                entries
                    .into_iter()
                    .map(|(key, tree)| (key, tree.value()))
                    .collect(),
            ),
        };
        let name = tag.as_deref().and_then(|tag| tag.strip_prefix('!'));
        match name.filter(|name| !name.starts_with('!') && !name.is_empty()) {
            None => value,
            Some(name) => long(name, value),
        }
    }
}

/// The long form of a short one.
fn long(name: &str, value: Value) -> Value {
    let key = match name {
        "Ref" | "Condition" => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    let value = match (name, value) {
        ("GetAtt", Value::String(text)) => {
            let parts = text.split_once('.').unwrap_or((&text, ""));
            Value::from(vec![parts.0, parts.1])
        }
        // A tag makes a text of a number: `!Ref 1` is no number's name.
        (_, value) => value,
    };
    Value::Object(Map::from_iter([(key, value)]))
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        Tagged::deserialize(deserializer).map(Tree)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Kind::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_forms_become_long_ones() {
        let text = "a: !Ref Table\nb: !GetAtt Queue.Arn\nc: !Sub '${AWS::Region}-x'\nd: !Join ['-', [a, !Ref B]]\ne: 3\nf: '3'\ng: !If [C, {x: !Ref D}, !Ref AWS::NoValue]\nh: 2012-10-17\n";
        assert_eq!(
            read(text).unwrap(),
            json!({
                "a": { "Ref": "Table" },
                "b": { "Fn::GetAtt": ["Queue", "Arn"] },
                "c": { "Fn::Sub": "${AWS::Region}-x" },
                "d": { "Fn::Join": ["-", ["a", { "Ref": "B" }]] },
                "e": 3,
                "f": "3",
                "g": { "Fn::If": ["C", { "x": { "Ref": "D" } }, { "Ref": "AWS::NoValue" }] },
                "h": "2012-10-17",
            })
        );
        assert_eq!(read("{\"a\": 1}").unwrap(), json!({ "a": 1 }));
        read("a: [").unwrap_err();
        read("{").unwrap_err();
    }
}
