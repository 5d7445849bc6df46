//! Rules of composite alarms.

use obs_cloudwatch::{alarm::State, composite};

/// Any text: a rule that is read is written so that it reads back the same, and says the
/// same of every state its alarms may be in.
pub fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(rule) = composite::parse(text) else {
        return;
    };
    let written = rule.to_string();
    // What is written quotes every name: it may have become too long.
    let Ok(again) = composite::parse(&written) else {
        assert!(written.chars().count() > 10_240, "{written}");
        return;
    };
    assert_eq!(again.to_string(), written);
    for state in [State::Ok, State::Alarm, State::InsufficientData] {
        let of = |_: &str| Some(state);
        assert_eq!(rule.evaluate(&of), again.evaluate(&of), "{written}");
    }
    assert_eq!(rule.children(), again.children());
}
