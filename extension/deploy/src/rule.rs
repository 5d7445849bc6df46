//! The rule of a composite alarm: is it one, and which alarms does it name?

use obs_cloudwatch::composite;

/// The alarms that a rule names, each once.
///
/// # Errors
/// A sentence saying where the rule stops being one.
pub fn children(rule: &str) -> Result<Vec<String>, String> {
    let rule = composite::parse(rule).map_err(|error| format!("failed to {error}"))?;
    let mut names: Vec<String> = rule
        .children()
        .into_iter()
        .map(|name| bare(name).to_owned())
        .collect();
    names.dedup();
    Ok(names)
}

/// The name of an alarm that may be given as an ARN.
pub(crate) fn bare(name: &str) -> &str {
    name.split_once(":alarm:").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: &str, expect: Option<&[&str]>) {
        match (children(rule), expect) {
            (Ok(names), Some(expect)) => assert_eq!(names, expect, "{rule}"),
            (Err(_), None) => {}
            (got, _) => panic!("{rule}: {got:?}"),
        }
    }

    #[test]
    fn rules_name_their_alarms() {
        check("ALARM(a)", Some(&["a"]));
        check(
            "ALARM(\"a b\") OR NOT OK(c) AND ALARM(\"a b\")",
            Some(&["a b", "c"]),
        );
        check("(ALARM(a) OR (TRUE))", Some(&["a"]));
        check("AT_LEAST(2, NOT OK, (a, \"b\", c))", Some(&["a", "b", "c"]));
        check(
            "ALARM(\"arn:aws:cloudwatch:eu-west-1:1:alarm:x\")",
            Some(&["x"]),
        );
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in ["", "ALARM(a", "ALARM(a) ALARM(b)", "ALRM(a)", "ALARM(\"a)"] {
            check(rule, None);
        }
    }
}
