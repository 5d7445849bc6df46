//! Times and failures in words that all formats share.

use std::fmt::Write as _;

use crate::simulate::bench::Miss;

/// Milliseconds as people write them: `1h 30m`, `10s`.
pub(crate) fn offset(ms: i64) -> String {
    const UNITS: [(i64, &str); 5] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let mut left = ms;
    let mut words = Vec::new();
    for (length, unit) in UNITS {
        if left >= length {
            words.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    match words.is_empty() {
        true => "0s".to_owned(),
        false => words.join(" "),
    }
}

/// The lines under a miss's headline: name and value of each.
pub(super) fn lines(miss: &Miss) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for want in &miss.wants {
        lines.push(("expected", format!("{} {}", want.what, want.expected)));
        lines.push(("got", want.got.clone()));
    }
    if !miss.reason.is_empty() && miss.wants.iter().all(|want| want.what != "reason") {
        lines.push(("reason", miss.reason.clone()));
    }
    if let Some(strip) = &miss.strip {
        lines.push(("saw", strip.to_string()));
    }
    let mut changes = String::new();
    for change in &miss.changes {
        let comma = if changes.is_empty() { "" } else { ", " };
        let _ = write!(changes, "{comma}{} at {}", change.to, offset(change.at_ms));
    }
    if changes.is_empty() {
        changes.push_str("never");
    }
    lines.push(("changed", changes));
    if miss.inferred {
        let note = "CloudWatch's documents leave this case open; the state is inferred";
        lines.push(("note", note.to_owned()));
    }
    lines
}

/// The same as one text.
pub(super) fn body(miss: &Miss) -> String {
    lines(miss)
        .iter()
        .map(|(name, value)| format!("{name:<9} {value}\n"))
        .collect()
}

/// What is wrong, in one line.
pub(super) fn headline(miss: &Miss) -> String {
    let wants: Vec<String> = miss
        .wants
        .iter()
        .map(|want| format!("expected {} {}, got {}", want.what, want.expected, want.got))
        .collect();
    format!(
        "{} at {}: {}",
        miss.alarm,
        offset(miss.at_ms),
        wants.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn times_are_written_as_people_write_them() {
        let check = |ms, text| assert_eq!(offset(ms), text);
        check(0, "0s");
        check(10_000, "10s");
        check(90_000, "1m 30s");
        check(93_600_000, "1d 2h");
        check(1_500, "1s 500ms");
    }
}
