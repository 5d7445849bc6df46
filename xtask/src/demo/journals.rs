//! The journals of all environments, mapped from the moment they are seen: an
//! environment takes its files with it when it ends, and what its handler had
//! recorded is still to be counted.

use std::{collections::HashMap, fs::File, path::PathBuf};

use anyhow::{Context as _, Result};
use cloudvault_obs_core::journal::{Journal, Totals};
use serde_json::Value;

/// Mapped journals, by path.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    seen: HashMap<PathBuf, Journal>,
}

impl Journals {
    /// Maps the journals of environments that came since the last look.
    pub(crate) fn look(&mut self, endpoint: &str) -> Result<()> {
        let status: Value = ureq::get(format!("{endpoint}/api/functions"))
            .call()
            .context("failed to ask the account for its functions")?
            .body_mut()
            .read_json()
            .context("failed to read the account's functions")?;
        let functions = status["functions"].as_array().into_iter().flatten();
        let environments = functions.flat_map(|function| function["environments"].as_array());
        for tmp in environments
            .flatten()
            .filter_map(|environment| environment["tmp"].as_str())
        {
            let path = PathBuf::from(tmp).join("cloudvault-obs/journal");
            if self.seen.contains_key(&path) {
                continue;
            }
            // An environment that is only just starting has no journal yet.
            let file = File::options().read(true).write(true).open(&path);
            if let Ok(journal) = file.and_then(|file| Journal::open(&file)) {
                self.seen.insert(path, journal);
            }
        }
        Ok(())
    }

    /// What was recorded and released in all of them.
    pub(crate) fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for totals in self.seen.values().map(Journal::totals) {
            sum.recorded += totals.recorded;
            sum.released += totals.released;
            sum.torn += totals.torn;
            sum.refused += totals.refused;
        }
        sum
    }
}
