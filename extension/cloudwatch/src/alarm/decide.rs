//! M out of N with missing data: from what is known of each period to a state.
//!
//! CloudWatch documents tables of cases, not the rule behind them. The rule here
//! reproduces every cell of those tables (they are this file's test); where the
//! tables are silent the decision says that it is inferred.

use super::model::{AlarmError, State, TreatMissingData};

/// What is known of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// There is a datapoint and it does not breach.
    Fine,
    /// There is a datapoint and it breaches.
    Breaching,
    /// There is no datapoint.
    Missing,
}

/// M datapoints to alarm out of N evaluation periods; 1 <= M <= N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MOutOfN {
    m: u32,
    n: u32,
}

impl MOutOfN {
    /// M of N; without M all N must breach.
    ///
    /// # Errors
    /// When N is 0 or M is not from 1 to N.
    pub fn new(m: Option<u32>, n: u32) -> Result<Self, AlarmError> {
        let m = m.unwrap_or(n);
        if n == 0 || n > 604_800 {
            return Err(AlarmError::new(format!(
                "use {n} evaluation periods: expected 1 or more"
            )));
        }
        if m == 0 || m > n {
            return Err(AlarmError::new(format!(
                "use {m} datapoints to alarm: expected 1 to {n}, the evaluation periods"
            )));
        }
        Ok(Self { m, n })
    }

    /// The datapoints that must breach.
    pub fn m(self) -> u32 {
        self.m
    }

    /// The periods they are counted in.
    pub fn n(self) -> u32 {
        self.n
    }

    /// How many periods CloudWatch looks at: some more than N, so that late and
    /// missing data can be made up for. Documented is 5 for an N of 3.
    pub fn evaluation_range(self) -> u32 {
        self.n + 2
    }
}

/// The state that a row of cells means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The state the alarm belongs in.
    pub state: State,
    /// How many missing periods were counted as the treatment says.
    pub filled: u32,
    /// Whether CloudWatch's documents leave this case open.
    pub inferred: bool,
}

/// Decides from the cells of the evaluation range, oldest first.
pub fn decide(rule: MOutOfN, treat: TreatMissingData, cells: &[Cell], current: State) -> Decision {
    use TreatMissingData::{Breaching, Ignore, Missing, NotBreaching};
    let (m, n) = (rule.m as usize, rule.n as usize);
    let real: Vec<Cell> = cells
        .iter()
        .copied()
        .filter(|c| *c != Cell::Missing)
        .collect();
    let breaches = |cells: &[Cell]| cells.iter().filter(|c| **c == Cell::Breaching).count();
    let alarm_if = |yes: bool| if yes { State::Alarm } else { State::Ok };
    let documented = |state, filled: usize| Decision {
        state,
        filled: filled as u32,
        inferred: false,
    };

    if real.is_empty() {
        return match treat {
            Missing => documented(State::InsufficientData, 0),
            Ignore => documented(current, 0),
            Breaching => documented(State::Alarm, n),
            NotBreaching => documented(State::Ok, n),
        };
    }
    if real.len() >= n {
        // Enough real points: the newest N of them decide and no gap is filled.
        return documented(alarm_if(breaches(&real[real.len() - n..]) >= m), 0);
    }
    let (found, gaps) = (breaches(&real), n - real.len());
    match treat {
        Breaching => documented(alarm_if(found + gaps >= m), gaps),
        NotBreaching => documented(alarm_if(found >= m), gaps),
        Missing | Ignore if found >= m => documented(State::Alarm, 0),
        Missing | Ignore => {
            // Too few breaches, yet nothing but breaches: CloudWatch alarms rather
            // than wait for data that may never come, but not on a young point.
            let oldest = cells.iter().position(|c| *c != Cell::Missing).unwrap_or(0);
            let age = cells.len() - oldest;
            match (found == real.len(), age >= m, treat) {
                (true, true, Missing) => documented(State::Alarm, 0),
                (true, true, _) => documented(current, 0),
                (true, false, _) => Decision {
                    state: State::Ok,
                    filled: 0,
                    inferred: true,
                },
                (false, ..) => documented(State::Ok, 0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(text: &str) -> Vec<Cell> {
        text.split(' ')
            .map(|c| match c {
                "0" => Cell::Fine,
                "X" => Cell::Breaching,
                _ => Cell::Missing,
            })
            .collect()
    }

    /// One row of the documented tables: the columns missing, ignore, breaching, notBreaching.
    fn check(m: u32, data: &str, expected: [&str; 4]) {
        use TreatMissingData::{Breaching, Ignore, Missing, NotBreaching};
        for (treat, expected) in [Missing, Ignore, Breaching, NotBreaching]
            .into_iter()
            .zip(expected)
        {
            for current in [State::Ok, State::Alarm, State::InsufficientData] {
                let expected = match expected {
                    "keep" => current,
                    word => word.parse().unwrap(),
                };
                let found = decide(
                    MOutOfN::new(Some(m), 3).unwrap(),
                    treat,
                    &cells(data),
                    current,
                );
                assert_eq!(
                    found.state, expected,
                    "{m} of 3, {data}, {treat}, from {current}"
                );
                assert!(!found.inferred, "the tables settle {data}");
            }
        }
    }

    #[test]
    fn the_table_of_three_out_of_three_holds_cell_by_cell() {
        check(3, "0 - X - X", ["OK", "OK", "OK", "OK"]);
        check(3, "0 - - - -", ["OK", "OK", "OK", "OK"]);
        check(3, "- - - - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]);
        check(3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(3, "- - X - -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn the_table_of_two_out_of_three_holds_cell_by_cell() {
        check(2, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - X -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn one_young_breach_alone_does_not_alarm_at_once() {
        for data in ["- - - - X", "- - - X -"] {
            let rule = MOutOfN::new(Some(3), 3).unwrap();
            let found = decide(rule, TreatMissingData::Missing, &cells(data), State::Ok);
            assert_eq!((found.state, found.inferred), (State::Ok, true), "{data}");
        }
    }

    #[test]
    fn m_lies_between_one_and_n() {
        assert!(MOutOfN::new(None, 3).is_ok_and(|r| r.m() == 3));
        assert!(MOutOfN::new(Some(0), 3).is_err());
        assert!(MOutOfN::new(Some(4), 3).is_err());
        assert!(MOutOfN::new(None, 0).is_err());
    }

    fn any_cells() -> impl Strategy<Value = Vec<Cell>> {
        prop::collection::vec(
            prop::sample::select(vec![Cell::Fine, Cell::Breaching, Cell::Missing]),
            0..9,
        )
    }

    proptest! {
        #[test]
        fn a_larger_m_never_alarms_where_a_smaller_one_does_not(cells in any_cells(), n in 1_u32..6, m in 1_u32..5) {
            prop_assume!(m < n);
            use TreatMissingData::{Breaching, Missing, NotBreaching};
            for treat in [Missing, Breaching, NotBreaching] {
                let at = |m| decide(MOutOfN::new(Some(m), n).unwrap(), treat, &cells, State::Ok).state;
                prop_assert!(at(m) == State::Alarm || at(m + 1) != State::Alarm);
            }
        }

        #[test]
        fn with_no_gap_every_treatment_agrees(breaching in prop::collection::vec(any::<bool>(), 5), m in 1_u32..4) {
            let cells: Vec<Cell> = breaching.into_iter().map(|b| if b { Cell::Breaching } else { Cell::Fine }).collect();
            use TreatMissingData::{Breaching, Ignore, Missing, NotBreaching};
            let rule = MOutOfN::new(Some(m), 3).unwrap();
            let state = |treat| decide(rule, treat, &cells, State::InsufficientData).state;
            for treat in [Ignore, Breaching, NotBreaching] {
                prop_assert_eq!(state(treat), state(Missing));
            }
        }

        #[test]
        fn breaching_alarms_wherever_not_breaching_does(cells in any_cells(), n in 1_u32..6) {
            let rule = MOutOfN::new(None, n).unwrap();
            let state = |treat| decide(rule, treat, &cells, State::Ok).state;
            prop_assert!(state(TreatMissingData::NotBreaching) != State::Alarm || state(TreatMissingData::Breaching) == State::Alarm);
        }
    }
}
