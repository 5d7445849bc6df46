//! May this deployment go on? Watches alarms for a bake time and closes when one of
//! them fires.
//!
//! Pure: what the account says and how long it has been watched come in as values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

/// Alarms that a CodeDeploy deployment group takes.
const CODEDEPLOY_ALARMS: usize = 10;

/// An alarm as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmState {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: State,
    /// Why, in CloudWatch's words.
    pub reason: String,
}

/// What an alarm says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Ok,
    /// It fires.
    Alarm,
    /// It does not know. A gate does not close for that: a new version that nobody
    /// called yet has no data.
    InsufficientData,
}

/// A gate over some alarms.
#[derive(Clone, Debug)]
pub struct Gate {
    alarms: BTreeSet<String>,
    bake: Duration,
}

/// What a gate has to say after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing fires so far.
    Watching {
        /// Time that is left.
        left: Duration,
    },
    /// Nothing fired for the whole bake time.
    Open,
    /// Something fires.
    Closed {
        /// Name and reason of each.
        firing: BTreeMap<String, String>,
    },
    /// Alarms that the account does not have: a gate that watches nothing is none.
    Missing {
        /// Their names.
        names: Vec<String>,
    },
}

impl Gate {
    /// Over these alarms, for so long.
    pub fn new(alarms: impl IntoIterator<Item = String>, bake: Duration) -> Gate {
        Gate {
            alarms: alarms.into_iter().collect(),
            bake,
        }
    }

    /// The names that are watched, in order.
    pub fn names(&self) -> Vec<String> {
        self.alarms.iter().cloned().collect()
    }

    /// What is to be said of what was seen after so long.
    pub fn look(&self, watched: Duration, seen: &[AlarmState]) -> Verdict {
        let known: BTreeSet<&str> = seen.iter().map(|alarm| alarm.name.as_str()).collect();
        let missing = self
            .alarms
            .iter()
            .filter(|name| !known.contains(name.as_str()));
        let missing: Vec<String> = missing.cloned().collect();
        if !missing.is_empty() {
            return Verdict::Missing { names: missing };
        }
        let firing: BTreeMap<String, String> = seen
            .iter()
            .filter(|alarm| alarm.state == State::Alarm && self.alarms.contains(&alarm.name))
            .map(|alarm| (alarm.name.clone(), alarm.reason.clone()))
            .collect();
        if !firing.is_empty() {
            return Verdict::Closed { firing };
        }
        match self.bake.checked_sub(watched) {
            Some(left) if !left.is_zero() => Verdict::Watching { left },
            _ => Verdict::Open,
        }
    }

    /// The same gate as the `alarmConfiguration` of a CodeDeploy deployment group.
    ///
    /// # Errors
    /// A sentence when there are more alarms than CodeDeploy takes.
    pub fn codedeploy(&self) -> Result<Value, String> {
        let count = self.alarms.len();
        if count > CODEDEPLOY_ALARMS {
            return Err(format!(
                "CodeDeploy watches at most {CODEDEPLOY_ALARMS} alarms and these are {count}: name one composite alarm over them with `--alarm`"
            ));
        }
        let alarms: Vec<Value> = self
            .alarms
            .iter()
            .map(|name| json!({ "name": name }))
            .collect();
        Ok(json!({
            "enabled": true,
            "ignorePollAlarmFailure": false,
            "alarms": alarms,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAKE: Duration = Duration::from_secs(60);

    fn gate() -> Gate {
        Gate::new(["a".to_owned(), "b".to_owned()], BAKE)
    }

    fn seen(states: &[(&str, State)]) -> Vec<AlarmState> {
        states
            .iter()
            .map(|(name, state)| AlarmState {
                name: (*name).to_owned(),
                state: *state,
                reason: format!("{name} is {state:?}"),
            })
            .collect()
    }

    fn check(watched: u64, states: &[(&str, State)], expect: Verdict) {
        let verdict = gate().look(Duration::from_secs(watched), &seen(states));
        assert_eq!(verdict, expect, "{states:?} after {watched} s");
    }

    #[test]
    fn a_gate_opens_after_the_bake_time_and_closes_at_the_first_alarm() {
        let left = |seconds| Verdict::Watching {
            left: Duration::from_secs(seconds),
        };
        let quiet = [("a", State::Ok), ("b", State::InsufficientData)];
        check(0, &quiet, left(60));
        check(59, &quiet, left(1));
        check(60, &quiet, Verdict::Open);
        check(99, &quiet, Verdict::Open);
        let firing = BTreeMap::from([("b".to_owned(), "b is Alarm".to_owned())]);
        let loud = [("a", State::Ok), ("b", State::Alarm)];
        check(
            0,
            &loud,
            Verdict::Closed {
                firing: firing.clone(),
            },
        );
        check(60, &loud, Verdict::Closed { firing });
        let strangers = [("a", State::Ok), ("b", State::Ok), ("c", State::Alarm)];
        check(60, &strangers, Verdict::Open);
    }

    #[test]
    fn an_alarm_that_is_not_there_is_not_taken_for_a_quiet_one() {
        let names = vec!["b".to_owned()];
        check(60, &[("a", State::Ok)], Verdict::Missing { names });
    }

    #[test]
    fn codedeploy_takes_ten_alarms() {
        let gate = |count: usize| Gate::new((0..count).map(|n| format!("a{n}")), BAKE);
        let ten = gate(10).codedeploy().map(|value| value["alarms"].clone());
        assert_eq!(
            ten.as_ref().map(|list| list.as_array().map(Vec::len)),
            Ok(Some(10))
        );
        assert!(
            gate(11)
                .codedeploy()
                .is_err_and(|error| error.contains("these are 11"))
        );
    }
}
