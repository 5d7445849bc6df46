//! Whose is it? What carries our tags is ours; what carries none may be taken over,
//! when somebody says so.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::Observed;
use crate::account::Call;
use crate::model::{TAG_CONTENT, Tags};
use crate::source::near;

/// What the content tag says while the calls of a step are under way: should they be
/// cut, the next apply must not take what is half done for somebody's hand.
const UNFINISHED: &str = "unfinished";

/// The tags while a step's calls are under way.
pub(super) fn unfinished(mut tags: Tags) -> Tags {
    tags.insert(TAG_CONTENT.to_owned(), UNFINISHED.to_owned());
    tags
}

/// Whether these are the tags of a step that was cut.
pub(super) fn is_unfinished(tags: &Tags) -> bool {
    tags.get(TAG_CONTENT).is_some_and(|text| text == UNFINISHED)
}

/// The calls by which something of somebody else's becomes ours. The tags come first:
/// what is marked and wanted is never asked for its tags again, so that without them
/// it would never be deleted.
pub(super) fn take_over(arn: &str, tags: &Tags, put: Call) -> [Call; 3] {
    let arn = arn.to_owned();
    [
        Call::Tag {
            arn: arn.clone(),
            tags: unfinished(tags.clone()),
        },
        put,
        Call::Tag {
            arn,
            tags: tags.clone(),
        },
    ]
}

/// What may be taken over though it is not ours yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopt(BTreeSet<String>);

impl Adopt {
    /// Nothing.
    pub fn nothing() -> Adopt {
        Adopt::default()
    }

    /// Resources of these names, whatever their kind.
    pub fn named<I: Into<String>>(names: impl IntoIterator<Item = I>) -> Adopt {
        Adopt(names.into_iter().map(Into::into).collect())
    }

    /// Whether a resource of this name may be taken over.
    pub fn allows(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// A note for each name that nothing in the account has: most likely a slip.
    pub(super) fn unknown(&self, observed: &Observed) -> Vec<String> {
        let topics = observed
            .topics
            .keys()
            .filter_map(|arn| arn.rsplit(':').next());
        let filters = observed
            .metric_filters
            .keys()
            .map(|(_, name)| name.as_str());
        let known: BTreeSet<&str> = topics
            .chain(filters)
            .chain(observed.event_rules.keys().map(String::as_str))
            .chain(observed.alarms.keys().map(String::as_str))
            .chain(observed.mute_rules.keys().map(String::as_str))
            .chain(observed.dashboard_tags.keys().map(String::as_str))
            .chain(observed.sampling_rules.keys().map(String::as_str))
            .collect();
        let unknown = self.0.iter().filter(|name| !known.contains(name.as_str()));
        unknown
            .map(|name| {
                let near = near::nearest(name, known.iter().copied());
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                format!(
                    "`--adopt {name}`: nothing in the account has this name{}",
                    near.unwrap_or_default()
                )
            })
            .collect()
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
