//! Annotations of a GitHub Actions job: each failure is shown at its line.

use std::fmt::Write as _;

use super::Report;
use super::words::{body, headline};
use crate::github::{message, path, property};

impl Report<'_> {
    /// One workflow command a failure. `folder` is the project's folder from the
    /// repository's root, which is where GitHub looks for the file; empty for the root.
    pub fn annotations(&self, folder: &str) -> String {
        let mut out = String::new();
        for outcome in &self.outcomes {
            for miss in &outcome.misses {
                let place = self.place(miss.span);
                let file = path(folder, &place.file);
                let _ = writeln!(
                    out,
                    "::error file={},line={},title={}::{}",
                    property(&file),
                    place.line,
                    property(&outcome.name),
                    message(&format!("{}\n{}", headline(miss), body(miss)))
                );
            }
        }
        out
    }
}
