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
    /// Its alarms with their histories.
    alarms: Value,
    /// What the handlers recorded, read from their journals.
    journals: Totals,
    /// What the extensions did with it, as they said when they stopped.
    closing: Closing,
    notifications: Vec<Notification>,
}

/// Points by what became of them. The account's own count is another: of a counter's
/// increments it gets their sum, one value a flush.
#[derive(Debug, Default, PartialEq)]
struct Closing {
    /// Recorded by the extension itself: the journals do not know of them.
    sampled: u64,
    delivered: u64,
    dropped: u64,
}

impl Closing {
    /// Adds up what stands in the closing lines among `logs`.
    fn of(logs: &Value) -> Self {
        let lines = logs["lines"].as_array().into_iter().flatten();
        let mut sum = Self::default();
        for line in lines.filter_map(|line| line["line"].as_str()) {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            if line["message"] != CLOSING {
                continue;
            }
            let points = |name: &str| line[name].as_u64().unwrap_or_default();
            sum.sampled += points("points_sampled");
            sum.delivered += points("points_delivered") + points("points_emf");
            sum.dropped += points("points_dropped");
        }
        sum
    }
}

/// The message of the extension's last line.
const CLOSING: &str = "extension stopped";

impl Summary {
    pub(crate) fn collect(endpoint: &str, journals: &Journals, pager: &Pager) -> Result<Self> {
        say(format_args!("==> ending all environments, as Lambda would"));
        ureq::post(format!("{endpoint}/api/spin-down"))
            .send_empty()
            .context("failed to end the environments")?;
        let ask = |what: &str| -> Result<Value> {
            let mut answer = ureq::get(format!("{endpoint}/api/{what}"))
                .call()
                .with_context(|| format!("failed to ask the account for its {what}"))?;
            let answer = answer.body_mut().read_json();
            answer.with_context(|| format!("failed to read the account's {what}"))
        };
        Ok(Self {
            account: ask("summary")?,
            alarms: ask("alarms")?,
            journals: journals.totals(),
            closing: Closing::of(&ask("logs?q=extension%20stopped&limit=1000")?),
            notifications: pager.received(),
        })
    }

    fn count(&self, key: &str) -> u64 {
        self.account[key].as_u64().unwrap_or_default()
    }

    /// Points whose recording was finished.
    fn recorded(&self) -> u64 {
        self.journals.recorded - self.journals.torn + self.closing.sampled
    }

    /// Alarms that the account says went to ALARM.
    fn fired(&self) -> Vec<&str> {
        let alarms = self.alarms["alarms"].as_array().into_iter().flatten();
        let went = |alarm: &&Value| {
            let mut history = alarm["history"].as_array().into_iter().flatten();
            history.any(|change| change["to"] == "ALARM")
        };
        alarms
            .filter(went)
            .filter_map(|alarm| alarm["name"].as_str())
            .collect()
    }

    /// What reached the pager, an alarm that said it more than once named once.
    fn heard(&self) -> Vec<String> {
        let calls = self
            .notifications
            .iter()
            .filter(|call| call.state == "ALARM");
        let mut heard: Vec<_> = calls
            .map(|call| format!("{} is ALARM", call.alarm))
            .collect();
        heard.sort_unstable();
        heard.dedup();
        heard
    }

    pub(crate) fn print(&self) -> Result<()> {
        let fired = self.fired();
        let rows = [
            ("invocations", self.count("invocations").to_string()),
            ("log lines", self.count("log_lines").to_string()),
            ("segments", self.count("segments").to_string()),
            ("points recorded", self.recorded().to_string()),
            ("points delivered", self.closing.delivered.to_string()),
            ("points dropped", self.closing.dropped.to_string()),
            (
                "alarms fired",
                format!("{}  {}", fired.len(), fired.join(", ")),
            ),
            (
                "notifications received",
                format!("{}  {}", self.notifications.len(), self.heard().join(", ")),
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
        let (recorded, delivered) = (self.recorded(), self.closing.delivered);
        if recorded != delivered {
            bail!("{recorded} points were recorded and {delivered} delivered");
        }
        if complete && (recorded == 0 || self.fired().is_empty() || self.heard().is_empty()) {
            bail!(
                "expected points, an alarm and its notification; the page's logs may say what went wrong"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A demo in which handlers recorded `recorded` points in their journals, one of
    /// them torn.
    fn summary(recorded: u64, delivered: u64, state: &str) -> Summary {
        Summary {
            account: json!({}),
            alarms: json!({"alarms": [{"name": "a", "history": [{"to": state}]}]}),
            journals: Totals {
                recorded,
                released: recorded,
                torn: 1,
                refused: 1,
            },
            closing: Closing {
                sampled: 1,
                delivered,
                dropped: 0,
            },
            notifications: vec![Notification {
                alarm: "a".into(),
                state: state.into(),
            }],
        }
    }

    #[test]
    fn a_point_that_was_recorded_and_not_delivered_is_an_error() {
        assert!(summary(6, 6, "ALARM").verdict(true).is_ok());
        let error = summary(7, 6, "ALARM").verdict(false).unwrap_err();
        assert_eq!(error.to_string(), "7 points were recorded and 6 delivered");
    }

    #[test]
    fn closing_lines_add_up_and_others_do_not_count() {
        let line = |message: &str| {
            let line = json!({"message": message, "points_delivered": 5, "points_emf": 1, "points_dropped": 2, "points_sampled": 3});
            json!({"line": line.to_string()})
        };
        let logs = json!({"lines": [
            line(CLOSING),
            line("a handler that logs: extension stopped"),
            {"line": "extension stopped"},
            line(CLOSING),
        ]});
        let expect = Closing {
            sampled: 6,
            delivered: 12,
            dropped: 4,
        };
        assert_eq!(Closing::of(&logs), expect);
    }

    #[test]
    fn a_demo_that_had_its_time_needs_an_alarm_that_was_heard() {
        assert!(summary(6, 6, "OK").verdict(true).is_err());
        assert!(summary(6, 6, "OK").verdict(false).is_ok());
        assert_eq!(summary(6, 6, "ALARM").heard(), ["a is ALARM"]);
    }
}
