//! `__context__`: the headers of payloads that have none.

use serde_json::{Map, Value, json};

use super::{CONTEXT, DEBUG, HEADER, LINEAGE, Outbound};

const TRACE: &str = "x-amzn-trace-id";

impl Outbound {
    /// The object under `__context__`.
    #[must_use]
    pub fn context(&self) -> Value {
        let members = self
            .context_members()
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        Value::Object(members.collect())
    }

    /// Puts `__context__` into a JSON object: an EventBridge detail, the data of
    /// a Kinesis record, the input of a state machine, a Lambda payload. False,
    /// and nothing changed, for any other value, and where one is there already.
    #[must_use = "a payload that is no object cannot carry the ids"]
    pub fn put_into(&self, payload: &mut Value) -> bool {
        match payload {
            Value::Object(members) if !members.contains_key(CONTEXT) => {
                members.insert(CONTEXT.to_owned(), self.context());
                true
            }
            _ => false,
        }
    }

    /// The same for JSON text, without parsing it: the context becomes its first
    /// member, where a reader that stops early finds it at once. `None` for what
    /// is no object. Of a text that has a context already, most readers take the
    /// later one, which is its own.
    #[must_use]
    pub fn splice(&self, payload: &str) -> Option<String> {
        let rest = payload.trim_ascii_start().strip_prefix('{')?;
        let comma = if rest.trim_ascii_start().starts_with('}') {
            ""
        } else {
            ","
        };
        Some(format!("{{\"{CONTEXT}\":{}{comma}{rest}", self.context()))
    }

    /// The item attribute `__context__` in DynamoDB's JSON, for those who write
    /// items as JSON; with the SDK's types, a map of strings of
    /// [`Outbound::context`]'s members.
    #[must_use]
    pub fn item_attribute(&self) -> Value {
        let members: Map<_, _> = self
            .context_members()
            .map(|(name, value)| (name.to_owned(), json!({ "S": value })))
            .collect();
        json!({ "M": members })
    }

    fn context_members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (HEADER, self.correlation_id.as_str()),
            (TRACE, self.trace_header.as_str()),
            (DEBUG, if self.debug { "true" } else { "" }),
            (LINEAGE, self.lineage.as_str()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }
}
