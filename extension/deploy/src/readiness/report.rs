//! From measures to points.

use std::collections::BTreeMap;

use super::{Remedy, Rule};

/// One subject measured by one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// By which rule.
    pub rule: Rule,
    /// What was looked at, such as `functions/upload`.
    pub subject: String,
    /// What was found.
    pub outcome: Outcome,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is as it should be.
    Met,
    /// It is not.
    Missing {
        /// What is not, as a phrase.
        what: String,
        /// What to do about it.
        remedy: Remedy,
    },
    /// It cannot be known: why, as a phrase.
    Unknown(String),
}

/// A subject that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which.
    pub subject: String,
    /// What is not.
    pub what: String,
    /// What to do about it.
    pub remedy: Remedy,
    /// Points of 100 that mending it adds.
    pub gain: f64,
}

/// One rule's part of the score.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// Which.
    pub rule: Rule,
    /// Subjects that are as they should be.
    pub met: usize,
    /// Those that are not.
    pub findings: Vec<Finding>,
    /// Those that nothing is known of, and why.
    pub unknown: Vec<(String, String)>,
    /// Points of 100 it earns.
    pub points: f64,
    /// Points of 100 it could earn.
    pub of: f64,
}

impl Tally {
    /// Points that mending all its findings adds.
    pub fn gain(&self) -> f64 {
        self.of - self.points
    }
}

/// A project, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Project and environment, for people.
    pub title: String,
    /// By rule, in the order of the rules; those without any subject are left out.
    pub tallies: Vec<Tally>,
    /// Remarks, such as each objective's budget.
    pub remarks: Vec<String>,
}

impl Report {
    /// The report of these measures.
    pub fn of(title: String, measures: Vec<Measure>) -> Report {
        let mut rules: BTreeMap<Rule, Vec<Measure>> = BTreeMap::new();
        for measure in measures {
            rules.entry(measure.rule).or_default().push(measure);
        }
        let weight: u32 = rules
            .iter()
            .filter(|(_, measures)| measures.iter().any(known))
            .map(|(rule, _)| rule.weight())
            .sum();
        Report {
            title,
            tallies: rules
                .into_iter()
                .map(|(rule, measures)| tally(rule, measures, weight))
                .collect(),
            remarks: Vec::new(),
        }
    }

    /// Points of 100, in tenths, rounded down: a score that is shown as 90 is at least 90.
    pub fn score(&self) -> f64 {
        let points: f64 = self.tallies.iter().map(|tally| tally.points).sum();
        // Sixteen shares of a sum that is 100 by construction may miss it by a hair.
        ((points + 1e-9) * 10.0).floor() / 10.0
    }

    /// The rules that have something to gain, the most first.
    pub fn way(&self) -> Vec<&Tally> {
        let mut way: Vec<&Tally> = self
            .tallies
            .iter()
            .filter(|tally| !tally.findings.is_empty())
            .collect();
        way.sort_by(|a, b| b.gain().total_cmp(&a.gain()).then(a.rule.cmp(&b.rule)));
        way
    }
}

fn known(measure: &Measure) -> bool {
    !matches!(measure.outcome, Outcome::Unknown(_))
}

/// A rule's tally, when the rules that count weigh `weight` together.
fn tally(rule: Rule, measures: Vec<Measure>, weight: u32) -> Tally {
    let subjects = measures.iter().filter(|measure| known(measure)).count();
    let of = match subjects {
        0 => 0.0,
        _ => 100.0 * f64::from(rule.weight()) / f64::from(weight),
    };
    let share = match subjects {
        0 => 0.0,
        subjects => of / subjects as f64,
    };
    let mut tally = Tally {
        rule,
        met: 0,
        findings: Vec::new(),
        unknown: Vec::new(),
        points: 0.0,
        of,
    };
    for measure in measures {
        match measure.outcome {
            Outcome::Met => tally.met += 1,
            Outcome::Unknown(why) => tally.unknown.push((measure.subject, why)),
            Outcome::Missing { what, remedy } => tally.findings.push(Finding {
                subject: measure.subject,
                what,
                remedy,
                gain: share,
            }),
        }
    }
    tally.points = match tally.findings.is_empty() {
        true => of,
        false => share * tally.met as f64,
    };
    tally
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn missing() -> Outcome {
        Outcome::Missing {
            what: "is not there".to_owned(),
            remedy: Remedy::Do {
                what: "put it there".to_owned(),
            },
        }
    }

    fn measures() -> impl Strategy<Value = Vec<Measure>> {
        let rules: Vec<Rule> = Rule::all().collect();
        let outcome = prop_oneof![
            Just(Outcome::Met),
            Just(missing()),
            Just(Outcome::Unknown("nobody looked".to_owned())),
        ];
        let measure = (prop::sample::select(rules), outcome).prop_map(|(rule, outcome)| Measure {
            rule,
            subject: "it".to_owned(),
            outcome,
        });
        prop::collection::vec(measure, 0..40)
    }

    fn points(measures: &[Measure]) -> f64 {
        let report = Report::of(String::new(), measures.to_vec());
        report.tallies.iter().map(|tally| tally.points).sum()
    }

    proptest! {
        #[test]
        fn mending_a_finding_adds_the_gain_that_was_told(mut measures in measures()) {
            for index in 0..measures.len() {
                if measures[index].outcome != missing() {
                    continue;
                }
                let before = Report::of(String::new(), measures.clone());
                let rule = measures[index].rule;
                let tally = before.tallies.iter().find(|tally| tally.rule == rule);
                let gain = tally.and_then(|tally| tally.findings.first()).map(|it| it.gain);
                let was = points(&measures);
                measures[index].outcome = Outcome::Met;
                let now = points(&measures);
                prop_assert!(now > was);
                prop_assert!(gain.is_some_and(|gain| (now - was - gain).abs() < 1e-9));
                let after = Report::of(String::new(), measures.clone());
                prop_assert!(after.score() >= before.score());
            }
        }

        #[test]
        fn the_score_and_what_there_is_to_gain_are_100(measures in measures()) {
            let report = Report::of(String::new(), measures.clone());
            let gains: f64 = report.tallies.iter().map(Tally::gain).sum();
            let single: f64 = report
                .tallies
                .iter()
                .flat_map(|tally| &tally.findings)
                .map(|finding| finding.gain)
                .sum();
            let all = points(&measures) + gains;
            let expect = if measures.iter().any(known) { 100.0 } else { 0.0 };
            prop_assert!((all - expect).abs() < 1e-9, "{all}");
            prop_assert!((gains - single).abs() < 1e-9);
            prop_assert!((0.0..=100.0).contains(&report.score()));
        }

        #[test]
        fn what_is_not_known_counts_neither_way(measures in measures()) {
            let known: Vec<Measure> = measures.iter().filter(|it| known(it)).cloned().collect();
            prop_assert_eq!(
                Report::of(String::new(), measures).score(),
                Report::of(String::new(), known).score()
            );
        }
    }

    #[test]
    fn nothing_at_all_is_0() {
        assert_eq!(Report::of(String::new(), Vec::new()).score(), 0.0);
    }

    #[test]
    fn everything_met_is_100() {
        let all = Rule::all().map(|rule| Measure {
            rule,
            subject: "it".to_owned(),
            outcome: Outcome::Met,
        });
        assert_eq!(Report::of(String::new(), all.collect()).score(), 100.0);
    }
}
