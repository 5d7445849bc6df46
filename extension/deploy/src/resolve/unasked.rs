//! Variables of the command line that no file asks for.

use std::collections::BTreeSet;

use super::Choice;
use crate::source::node::Kind;
use crate::source::problem::{Problem, Problems};
use crate::source::variables::named;
use crate::source::{Documents, near};

/// A `--var` that nothing in the files names is a slip, and would be without effect.
pub(super) fn check(documents: &Documents, choice: &Choice, problems: &mut Problems) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for index in 0.. {
        let Some(file) = documents.files.get(index) else {
            break;
        };
        // What a preset names is filled in by its resources.
        if !file.name.starts_with("preset ") {
            known.extend(named(&file.text));
        }
    }
    let declared = documents.project.get("environments").map(|node| &node.kind);
    let Some(Kind::Map(environments)) = declared else {
        return;
    };
    for environment in environments {
        if let Some(Kind::Map(all)) = environment.value.get("variables").map(|node| &node.kind) {
            known.extend(all.iter().map(|entry| entry.key.as_str()));
        }
    }
    for name in choice.variables.keys() {
        if !known.contains(name.as_str()) {
            problems.add(
                Problem::whole(format!("`--var {name}=...`: no file names `${{{name}}}`"))
                    .help(near::suggestion(name, known.iter().copied())),
            );
        }
    }
}
