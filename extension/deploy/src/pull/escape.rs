//! Texts of an account in files: `${name}` is a reference there, so a text that looks
//! like one is written as `$${name}`.

use crate::source::variables::is_name;

/// The text that reads as `text` where every `${name}` is a reference.
pub(super) fn escaped(text: &str) -> String {
    walk(text, |_| true)
}

/// The JSON that reads as `text`, where only known names are references.
pub(super) fn escaped_json(text: &str, known: impl Fn(&str) -> bool) -> String {
    walk(text, known)
}

/// Goes through a text as the reader of variables does, and doubles the `$` wherever it
/// would see something.
fn walk(text: &str, known: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let after = &rest[at + 2..];
        out.push_str(&rest[..at]);
        match after.find('}').map(|end| &after[..end]) {
            Some(name) if rest[..at].ends_with('$') || (is_name(name) && known(name)) => {
                out.push_str("$${");
                rest = after;
            }
            Some(name) if is_name(name) => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
                rest = &after[name.len() + 1..];
            }
            _ => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::problem::Problems;
    use crate::source::variables::Variables;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_is_escaped_reads_as_it_was(parts in proptest::collection::vec(
            prop_oneof![
                Just("$"), Just("{"), Just("}"), Just("${"), Just("${a}"), Just("${b}"), Just("$${a}"),
                Just("${LAST}"), Just("x"), Just("a"),
            ], 0..12)) {
            let text: String = parts.concat();
            let variables = Variables {
                values: BTreeMap::from([("a".to_owned(), Some("value".to_owned()))]),
                environment: "dev".to_owned(),
            };
            let mut problems = Problems::default();
            let all = variables.in_json(&escaped(&text), 0, &mut problems);
            prop_assert_eq!(&all, &text);
            let known = escaped_json(&text, |name| name == "a");
            prop_assert_eq!(&variables.in_json(&known, 0, &mut problems), &text);
        }
    }
}
