//! A call chain that comes back to the same function again and again.

use crate::invocation::Invocation;

/// Warns when the trace's lineage says that one function has been passed more
/// often than is plausible. Lambda itself stops a loop through SQS, SNS or S3
/// only at about 16 rounds, and others never.
pub(crate) fn warn_of_loop(invocation: &Invocation) {
    let limit = invocation.log.shared.settings.loop_limit;
    let lineage = invocation
        .trace
        .as_ref()
        .and_then(|trace| trace.lineage.as_deref());
    let Some((function, rounds)) = lineage.and_then(most) else {
        return;
    };
    if limit > 0 && rounds >= limit {
        tracing::warn!(
            lineage.function = function,
            lineage.rounds = rounds,
            "the call chain has come through the same function many times: it may be a loop"
        );
    }
}

/// The function passed most often: `a87bd80c:1|68fd508a:5|c512fbe3:2`.
fn most(lineage: &str) -> Option<(&str, u32)> {
    lineage
        .split('|')
        .filter_map(|entry| {
            let (function, rounds) = entry.trim().rsplit_once(':')?;
            Some((function, rounds.parse().ok()?))
        })
        .max_by_key(|(_, rounds)| *rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_passed_most_often_is_found() {
        assert_eq!(
            most("a87bd80c:1|68fd508a:5|c512fbe3:2"),
            Some(("68fd508a", 5))
        );
        assert_eq!(most("25:a87bd80c:7"), Some(("25:a87bd80c", 7)));
        assert_eq!(most("nonsense|x:y"), None);
    }
}
