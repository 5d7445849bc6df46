//! The one model of values behind every protocol.

/// A value as it came over the wire, or as it goes out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// Nothing; as a whole answer, an operation without output.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// Text of the query protocol, which knows no types: a number, a truth value
    /// or a time may be meant.
    Form(String),
    /// Milliseconds since 1970. Each protocol writes it in its own way.
    Time(i64),
    /// Values in order.
    List(Vec<Tree>),
    /// A structure: named members, those not set left out.
    Struct(Vec<(String, Tree)>),
    /// A map from text to values, which the query protocol writes otherwise than
    /// a structure.
    Table(Vec<(String, Tree)>),
}

impl Tree {
    /// A structure with no members yet.
    pub(crate) fn fields() -> Fields {
        Fields(Vec::new())
    }

    /// A structure with no members, the answer of operations that say nothing.
    pub(crate) fn empty() -> Tree {
        Tree::Struct(Vec::new())
    }

    /// A list from anything that can be made a value.
    pub(crate) fn list<T: Into<Tree>>(items: impl IntoIterator<Item = T>) -> Tree {
        Tree::List(items.into_iter().map(Into::into).collect())
    }

    /// A map of texts.
    pub(crate) fn table<K: Into<String>, V: Into<Tree>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Tree {
        Tree::Table(
            entries
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    /// A member of a structure or map.
    pub(crate) fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Struct(members) | Tree::Table(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, of either kind.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) | Tree::Form(text) => Some(text),
            _ => None,
        }
    }
}

/// A structure being put together.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, Tree)>);

impl Fields {
    /// Adds a member.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Tree>) -> Fields {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a member if there is a value for it.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Tree>>) -> Fields {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Adds the members of another structure.
    pub(crate) fn all_of(mut self, other: Tree) -> Fields {
        if let Tree::Struct(members) = other {
            self.0.extend(members);
        }
        self
    }
}

impl From<Fields> for Tree {
    fn from(fields: Fields) -> Tree {
        Tree::Struct(fields.0)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Tree {
        Tree::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Tree {
        Tree::Bool(value)
    }
}

impl From<i64> for Tree {
    fn from(value: i64) -> Tree {
        Tree::Int(value)
    }
}

impl From<f64> for Tree {
    fn from(value: f64) -> Tree {
        Tree::Float(value)
    }
}

impl From<Vec<Tree>> for Tree {
    fn from(items: Vec<Tree>) -> Tree {
        Tree::List(items)
    }
}

/// Objects become structures; whole numbers stay whole.
impl From<serde_json::Value> for Tree {
    fn from(value: serde_json::Value) -> Tree {
        use serde_json::Value;
        match value {
            Value::Null => Tree::Null,
            Value::Bool(value) => Tree::Bool(value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Tree::Int(whole),
                None => Tree::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Tree::Text(text),
            Value::Array(items) => Tree::List(items.into_iter().map(Tree::from).collect()),
            Value::Object(members) => {
                let member = |(key, value)| (key, Tree::from(value));
                Tree::Struct(members.into_iter().map(member).collect())
            }
        }
    }
}
