//! The words of a name, as a search sees them: `CustomCount1` has `customcount1`,
//! `custom`, `count` and `1`; `SDBFailure` has `sdbfailure`, `sdb` and `failure`.

use std::collections::BTreeSet;

/// Every word of a text, in lower case.
pub(super) fn words_of(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for piece in pieces(text) {
        let chars: Vec<char> = piece.chars().collect();
        let mut start = 0;
        for at in 1..chars.len() {
            if breaks(&chars, at) {
                words.insert(lower(&chars[start..at]));
                start = at;
            }
        }
        words.insert(lower(&chars[start..]));
        words.insert(lower(&chars));
    }
    words
}

/// The runs of letters and digits of a text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|piece| !piece.is_empty())
}

/// Whether a new word begins at a character.
fn breaks(chars: &[char], at: usize) -> bool {
    let (before, here) = (chars[at - 1], chars[at]);
    let next_is_lower = chars.get(at + 1).is_some_and(|c| c.is_lowercase());
    before.is_numeric() != here.is_numeric()
        || (before.is_lowercase() && here.is_uppercase())
        // The last capital of a run begins the next word: SDB|Failure.
        || (before.is_uppercase() && here.is_uppercase() && next_is_lower)
}

fn lower(chars: &[char]) -> String {
    chars.iter().flat_map(|c| c.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_names_have_the_documented_words() {
        let check = |text: &str, expected: &[&str]| {
            let expected: BTreeSet<String> = expected.iter().map(|w| w.to_string()).collect();
            assert_eq!(words_of(text), expected, "{text}");
        };
        check("CustomCount1", &["customcount1", "custom", "count", "1"]);
        check("SDBFailure", &["sdbfailure", "sdb", "failure"]);
        check(
            "Project2-trial333",
            &["project2", "project", "2", "trial333", "trial", "333"],
        );
        check("my-function", &["my", "function"]);
        check("", &[]);
    }
}
