//! What the demo did, counted on both sides of the product.

use anyhow::{Context as _, Result, bail};
use cloudvault_obs_core::journal::Totals;
use serde_json::Value;

use super::{
    journals::Journals,
    pager::{Notification, Pager},
};
use crate::steps::{print, say};

/// Counted after all environments have been spun down.
#[derive(Debug)]
pub(crate) struct Summary {
    /// What the account counted.
    account: Value,
    /// What the handlers recorded, read from their journals.
    journals: Totals,
    notifications: Vec<Notification>,
}

impl Summary {
    pub(crate) fn collect(endpoint: &str, journals: &Journals, pager: &Pager) -> Result<Self> {
        say(format_args!("==> ending all environments, as Lambda would"));
        ureq::post(format!("{endpoint}/api/spin-down"))
            .send_empty()
            .context("failed to end the environments")?;
        let account: Value = ureq::get(format!("{endpoint}/api/summary"))
            .call()
            .context("failed to ask the account for its counts")?
            .body_mut()
            .read_json()
            .context("failed to read the account's counts")?;
        Ok(Self {
            account,
            journals: journals.totals(),
            notifications: pager.received(),
        })
    }

    fn count(&self, key: &str) -> u64 {
        self.account[key].as_u64().unwrap_or_default()
    }

    /// Points whose recording was finished, on both ways out.
    fn recorded(&self) -> u64 {
        self.journals.recorded - self.journals.torn + self.count("points_emf")
    }

    fn delivered(&self) -> u64 {
        self.count("points_received") + self.count("points_emf")
    }

    fn fired(&self) -> Vec<&str> {
        let alarms = self
            .notifications
            .iter()
            .filter(|notification| notification.state == "ALARM");
        let mut names: Vec<_> = alarms
            .map(|notification| notification.alarm.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn print(&self) -> Result<()> {
        let fired = self.fired();
        let dropped = self.recorded().saturating_sub(self.delivered());
        let rows = [
            ("invocations", self.count("invocations").to_string()),
            ("log lines", self.count("log_lines").to_string()),
            ("segments", self.count("segments").to_string()),
            ("points recorded", self.recorded().to_string()),
            ("points delivered", self.delivered().to_string()),
            ("points dropped", dropped.to_string()),
            (
                "alarms fired",
                format!("{}  {}", fired.len(), fired.join(", ")),
            ),
            (
                "notifications received",
                self.notifications.len().to_string(),
            ),
        ];
        print(format_args!("\n{:<24}{:>10}", "summary", "count"))?;
        for (name, value) in rows {
            let (count, names) = value.split_once("  ").unwrap_or((&value, ""));
            print(format_args!("{name:<24}{count:>10}  {names}"))?;
        }
        Ok(())
    }

    /// An error when something recorded was not delivered, or, in a demo that
    /// had its time, when no alarm reached the pager.
    pub(crate) fn verdict(&self, complete: bool) -> Result<()> {
        let (recorded, delivered) = (self.recorded(), self.delivered());
        if recorded != delivered {
            bail!("{recorded} points were recorded and {delivered} delivered");
        }
        if complete && (recorded == 0 || self.fired().is_empty()) {
            bail!("expected points and an alarm; the page's logs may say what went wrong");
        }
        Ok(())
    }
}
