//! The rules and suppressions that CloudWatch documents.

use proptest::prelude::*;

use super::*;
use crate::alarm::State::{self, Alarm, InsufficientData, Ok as Fine};

fn check(rule: &str, states: &[(&str, State)], expected: State) {
    let rule = parse(rule).unwrap();
    let state_of = |name: &str| states.iter().find(|(n, _)| *n == name).map(|(_, s)| *s);
    assert_eq!(rule.evaluate(&state_of), expected, "{rule} with {states:?}");
    assert_eq!(
        parse(&rule.to_string()).unwrap().evaluate(&state_of),
        expected,
        "written and read again"
    );
}

#[test]
fn a_rule_says_when_the_composite_alarms() {
    let states = [
        ("a", Alarm),
        ("b", Fine),
        ("c", InsufficientData),
        ("d (x)", Alarm),
    ];
    check("TRUE", &states, Alarm);
    check("FALSE", &states, Fine);
    check("ALARM(\"a\")", &states, Alarm);
    check("ALARM(a) AND OK(b)", &states, Alarm);
    check("ALARM(b) OR INSUFFICIENT_DATA(c)", &states, Alarm);
    check("NOT ALARM(a)", &states, Fine);
    check("NOT (ALARM(a) AND ALARM(b))", &states, Alarm);
    check("ALARM(b) AND ALARM(b) OR ALARM(a)", &states, Alarm);
    check("ALARM(b) AND (ALARM(b) OR ALARM(a))", &states, Fine);
    check("ALARM(\"d (x)\")", &states, Alarm);
    check(
        "ALARM(\"arn:aws:cloudwatch:us-east-1:000000000000:alarm:a\")",
        &states,
        Alarm,
    );
    check("INSUFFICIENT_DATA(unknown)", &states, Alarm);
    check("AT_LEAST(2, ALARM, (a, b, \"d (x)\"))", &states, Alarm);
    check("AT_LEAST(3, ALARM, (a, b, \"d (x)\"))", &states, Fine);
    check("AT_LEAST(50%, ALARM, (a, b, c))", &states, Fine);
    check("AT_LEAST(50%, NOT ALARM, (a, b, c))", &states, Alarm);
    check("AT_LEAST(33%, ALARM, (a, b, c))", &states, Alarm);
    check("NOT ALARM(a) OR ALARM(a)", &states, Alarm);
    check("NOT ALARM(b) AND ALARM(b)", &states, Fine);
    check("NOT NOT ALARM(a)", &states, Alarm);
    check("NOT(ALARM(b)) AND NOT OK(c)", &states, Alarm);
    check("ALARM(a)AND(OK(b))", &states, Alarm);
    check("ALARM (\"a\")\nAND\n\tOK ( b )", &states, Alarm);
    check("OK(b) OR ALARM(b) AND ALARM(b)", &states, Alarm);
}

#[test]
fn a_name_may_have_what_a_rule_is_made_of() {
    let states = [
        ("a \"quoted\" one", Alarm),
        ("back\\slash", Alarm),
        ("AND OR NOT", Alarm),
        ("x, y) (z", Alarm),
        ("web: 5xx", Alarm),
        ("Grün", Alarm),
    ];
    check("ALARM(\"a \\\"quoted\\\" one\")", &states, Alarm);
    check("ALARM(\"back\\\\slash\")", &states, Alarm);
    check(
        "ALARM(\"AND OR NOT\") AND NOT OK(\"AND OR NOT\")",
        &states,
        Alarm,
    );
    check("ALARM(\"x, y) (z\")", &states, Alarm);
    check("ALARM(web: 5xx) AND ALARM(Grün)", &states, Alarm);
    check(
        "ALARM(arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:web: 5xx)",
        &states,
        Alarm,
    );
}

#[test]
fn what_is_no_rule_is_refused_with_what_was_expected() {
    let check = |text: &str, expected: &str| {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    check("", "expected ALARM");
    check("ALRM(a)", "did you mean `ALARM`?");
    check("ALARM(a", "expected `)`");
    check("ALARM()", "name of an alarm");
    check("ALARM(\"a)", "closing quote");
    check("ALARM(a) OK(b)", "expected AND, OR or the end");
    check("AT_LEAST(0, ALARM, (a))", "number from 1");
    check("AT_LEAST(2, ALARM, (a))", "more than its 1");
    check("AT_LEAST(101%, ALARM, (a))", "more than its 1");
    check(&"NOT ".repeat(200), "nested deeper");
    check(&format!("TRUE{}", " ".repeat(11_000)), "longer than");
    let many: Vec<String> = (0..101).map(|i| format!("ALARM(a{i})")).collect();
    check(&many.join(" OR "), "at most 100");
    let often = |times| vec!["ALARM(a)"; times].join(" OR ");
    check(&often(501), "501 elements, at most 500");
    assert!(parse(&often(500)).is_ok());
    assert!(parse(&format!("({})", often(499))).is_ok());
    check(&format!("({})", often(500)), "501 elements");
}

#[test]
fn the_children_of_a_rule_are_its_alarms() {
    let rule = parse("ALARM(b) AND NOT OK(a) OR AT_LEAST(1, OK, (c, a))").unwrap();
    assert_eq!(
        rule.children().into_iter().collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
}

/// Wait 2, extension 3, as in the documents' examples.
fn suppression(suppressor: State) -> Suppression {
    Suppression::new(
        SuppressionConfig {
            wait_ms: 2,
            extension_ms: 3,
        },
        suppressor,
    )
}

#[test]
fn without_a_suppressor_the_actions_run_after_the_wait() {
    let mut s = suppression(Fine);
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Wait(4));
    assert_eq!(s.tick(3), Outcome::Wait(4));
    assert_eq!(s.tick(4), Outcome::Act(Alarm));
    assert_eq!(s.tick(5), Outcome::Idle);
}

#[test]
fn a_suppressor_that_alarms_during_the_wait_suppresses() {
    let mut s = suppression(Fine);
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Wait(4));
    assert_eq!(s.suppressor_changed(Alarm, 3), Outcome::Suppressed);
    assert_eq!(s.tick(100), Outcome::Suppressed);
}

/// CloudWatch's user guide, "Composite alarm action suppression", example 3.
#[test]
fn a_state_that_changes_during_the_wait_begins_a_new_one() {
    let mut s = suppression(Fine);
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Wait(4));
    assert_eq!(s.composite_changed(Fine, 3), Outcome::Wait(5));
    assert_eq!(s.tick(4), Outcome::Wait(5));
    assert_eq!(s.tick(5), Outcome::Act(Fine));
}

/// The same page, example 6, with periods that tell the two apart.
#[test]
fn a_state_that_changes_during_the_extension_waits_instead() {
    for (wait_ms, until) in [(1, 8), (2, 9), (5, 12)] {
        let config = SuppressionConfig {
            wait_ms,
            extension_ms: 3,
        };
        let mut s = Suppression::new(config, Alarm);
        assert_eq!(s.composite_changed(Alarm, 2), Outcome::Suppressed);
        assert_eq!(s.suppressor_changed(Fine, 6), Outcome::Wait(9));
        assert_eq!(s.composite_changed(Fine, 7), Outcome::Wait(until));
        assert_eq!(s.tick(until - 1), Outcome::Wait(until));
        assert_eq!(s.tick(until), Outcome::Act(Fine));
    }
}

#[test]
fn a_suppressor_that_comes_and_goes_within_the_wait_begins_a_new_one() {
    let mut s = Suppression::new(
        SuppressionConfig {
            wait_ms: 4,
            extension_ms: 9,
        },
        Fine,
    );
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Wait(6));
    assert_eq!(s.suppressor_changed(Alarm, 3), Outcome::Suppressed);
    assert_eq!(s.suppressor_changed(Fine, 5), Outcome::Wait(9));
    assert_eq!(s.tick(9), Outcome::Act(Alarm));
}

#[test]
fn a_suppressor_already_in_alarm_suppresses_and_extends() {
    let mut s = suppression(Alarm);
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Suppressed);
    assert_eq!(s.suppressor_changed(Fine, 6), Outcome::Wait(9));
    assert_eq!(s.tick(8), Outcome::Wait(9));
    assert_eq!(s.tick(9), Outcome::Act(Alarm));
}

#[test]
fn a_state_that_changes_while_suppressed_acts_as_what_it_is_in_the_end() {
    let mut s = suppression(Alarm);
    assert_eq!(s.composite_changed(Alarm, 2), Outcome::Suppressed);
    assert_eq!(s.composite_changed(Fine, 3), Outcome::Suppressed);
    assert_eq!(s.suppressor_changed(Fine, 6), Outcome::Wait(9));
    assert_eq!(s.suppressor_changed(Alarm, 7), Outcome::Suppressed);
    assert_eq!(s.suppressor_changed(Fine, 8), Outcome::Wait(11));
    assert_eq!(s.tick(11), Outcome::Act(Fine));
}

proptest! {
    #[test]
    fn no_text_makes_the_rule_parser_panic(text in "[A-Z_a-c()\",%0-9\\\\ é]{0,60}") {
        if let Ok(rule) = parse(&text) {
            let again = parse(&rule.to_string()).unwrap();
            prop_assert_eq!(again.children(), rule.children());
        }
    }
}

#[test]
fn a_held_transition_is_the_one_whose_actions_may_run() {
    let config = SuppressionConfig {
        wait_ms: 2,
        extension_ms: 3,
    };
    let mut held = Held::new(config, Fine);
    assert_eq!(held.changed(Alarm, "first", 2), None);
    assert_eq!(held.until(), Some(4));
    assert_eq!(held.suppressor_seen(Fine, 3), None);
    assert_eq!(held.suppressor_seen(Fine, 4), Some("first"));
    assert_eq!(held.until(), None);
    assert_eq!(held.changed(Fine, "second", 10), None);
    assert_eq!(held.changed(Alarm, "third", 12), Some("second"));
    assert_eq!(held.suppressor_seen(Fine, 14), Some("third"));
}
