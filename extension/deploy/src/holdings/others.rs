//! What another project or environment keeps is not pulled: an apply from here would take
//! it away from there, and the next one from there would take it back.

use super::{Holdings, Unsaid};
use crate::model::Tags;

impl Holdings {
    /// Whether somebody else keeps it, and says so.
    pub(super) fn is_of_another(&mut self, what: &str, tags: Option<&Tags>) -> bool {
        let Some(whose) = tags.and_then(|tags| self.target().other(tags)) else {
            return false;
        };
        let why = format!("left out: it is kept by {whose}");
        self.unsaid.push(Unsaid::new(what, why));
        true
    }
}
