//! A call chain that comes back to the same function again and again.

use cloudvault_obs_core::lineage::Lineage;

use super::Once;
use crate::invocation::Invocation;

/// Warns, once an invocation, when one function has been passed more often than
/// is plausible: by AWS's own record in the trace header, or by the one that our
/// outgoing messages carry (`lineage`, this round included). Lambda itself stops
/// a loop through SQS, SNS or S3 only at about 16 rounds, and others never.
pub(crate) fn warn_of_loop(invocation: &Invocation, lineage: &Lineage) {
    let limit = invocation.log.shared.settings.loop_limit;
    if limit == 0 {
        return;
    }
    let trace = invocation.trace.as_ref();
    let theirs = trace.and_then(|trace| most(trace.lineage.as_deref()?));
    let ours = ("this function", lineage.rounds(invocation.function()));
    let (function, rounds) = theirs.filter(|theirs| theirs.1 >= ours.1).unwrap_or(ours);
    if rounds >= limit && invocation.log.first(Once::Loop) {
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
