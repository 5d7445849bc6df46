//! Whose is it? What carries our tags is ours; what carries none may be taken over,
//! when somebody says so.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What may be taken over though it is not ours yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopt(BTreeSet<String>);

impl Adopt {
    /// Nothing.
    pub fn nothing() -> Adopt {
        Adopt::default()
    }

    /// Topics, alarms and dashboards of these names.
    pub fn named<I: Into<String>>(names: impl IntoIterator<Item = I>) -> Adopt {
        Adopt(names.into_iter().map(Into::into).collect())
    }

    /// Whether a resource of this name may be taken over.
    pub fn allows(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Whose a resource of a wanted name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Ours.
    We,
    /// Somebody else's, and we have been told to take it over.
    Adopted,
    /// Somebody else's.
    Other,
}

impl Owner {
    pub(super) fn of(ours: bool, name: &str, adopt: &Adopt) -> Owner {
        match (ours, adopt.allows(name)) {
            (true, _) => Owner::We,
            (false, true) => Owner::Adopted,
            (false, false) => Owner::Other,
        }
    }
}
