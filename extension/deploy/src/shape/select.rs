//! Which resources: `functions`, or `{ kind: functions, except: ["*-canary"] }`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::source::At;

/// Resources of one kind.
#[derive(Clone, Debug)]
pub struct Select {
    /// The kind.
    pub kind: String,
    /// Only those whose names match one of these; `*` stands for any text.
    pub only: Vec<At<String>>,
    /// Not those whose names match one of these.
    pub except: Vec<At<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Long {
    /// The kind of resources.
    kind: String,
    /// Only those whose names match one of these; `*` stands for any text.
    #[serde(default)]
    only: Vec<At<String>>,
    /// Not those whose names match one of these.
    #[serde(default)]
    except: Vec<At<String>>,
}

impl<'de> Deserialize<'de> for Select {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Select, D::Error> {
        struct SelectVisitor;

        impl<'de> Visitor<'de> for SelectVisitor {
            type Value = Select;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a kind of resources, such as `functions`")
            }

            fn visit_str<E>(self, kind: &str) -> Result<Select, E> {
                Ok(Select {
                    kind: kind.to_owned(),
                    only: Vec::new(),
                    except: Vec::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Select, A::Error> {
                let long = Long::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Select {
                    kind: long.kind,
                    only: long.only,
                    except: long.except,
                })
            }
        }

        deserializer.deserialize_any(SelectVisitor)
    }
}

impl JsonSchema for Select {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Select".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = generator.subschema_for::<Long>();
        json_schema!({ "anyOf": [{ "type": "string" }, long] })
    }
}
