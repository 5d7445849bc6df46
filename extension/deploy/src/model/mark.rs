//! The mark of ownership in the description of an EventBridge rule or a mute rule.
//!
//! A listing shows descriptions and no tags, so the mark says which rules are worth a
//! second look; and it is written by the very call that writes the rest, so its hash
//! cannot be older than what it is taken of. Alarms carry the same mark: see
//! [`Target::sealed`].

use super::{Seal, Target, content_hash};

impl Target {
    /// The description as it is put: under it the mark, with a hash of `content`.
    pub fn marked(&self, description: &str, content: &str) -> String {
        let line = format!("{} #{}", self.marker(), content_hash(content));
        match description.is_empty() {
            true => line,
            false => format!("{description}\n{line}"),
        }
    }

    /// A description as found: without its mark, and what the mark says when the rest
    /// of the rule has the content that `content` makes with the bare description.
    pub fn unmarked(
        &self,
        description: &str,
        content: impl FnOnce(&str) -> String,
    ) -> (String, Seal) {
        let (bare, last) = description.rsplit_once('\n').unwrap_or(("", description));
        let hash = last
            .strip_prefix(&self.marker())
            .and_then(|rest| rest.strip_prefix(" #"));
        let Some(hash) = hash else {
            return (description.to_owned(), Seal::None);
        };
        let seal = match hash == content_hash(&content(bare)) {
            true => Seal::Whole,
            false => Seal::Broken,
        };
        (bare.to_owned(), seal)
    }

    /// Characters that the mark adds to a description.
    pub fn mark_length(&self) -> usize {
        1 + self.marker().chars().count() + Target::SEAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(environment: &str) -> Target {
        Target {
            project: "shop".to_owned(),
            environment: environment.to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            role: None,
        }
    }

    #[test]
    fn what_was_marked_is_ours_and_whole_until_something_changes() {
        let dev = target("dev");
        for description in ["", "One line.", "Two\nlines."] {
            let content = |bare: &str| format!("{bare} at 3");
            let marked = dev.marked(description, &content(description));
            let added = marked.chars().count() - description.chars().count();
            assert!(added <= dev.mark_length());
            let whole = (description.to_owned(), Seal::Whole);
            assert_eq!(dev.unmarked(&marked, content), whole);
            let other = dev.unmarked(&marked, |bare| format!("{bare} at 4"));
            assert_eq!(other, (description.to_owned(), Seal::Broken));
            let staging = target("dev2").unmarked(&marked, content);
            assert_eq!(staging, (marked.clone(), Seal::None));
        }
    }
}
