//! Filter patterns of CloudWatch Logs, and the lines they are asked about.

use obs_cloudwatch::log_filter::Pattern;

/// The first line is a pattern, the rest is a log line: what is read can be asked, and
/// its condition twice over asks the same.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, line) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(read) = Pattern::parse(pattern) else {
        return;
    };
    let fits = read.matches(line);
    for value in ["1", "$.a", "$a", pattern] {
        let counted = read.value(value, line);
        assert!(counted.is_none_or(f64::is_finite), "{value}: {counted:?}");
        // What counts is there to be read.
        let there = read.text(value, line).is_some() || !value.starts_with('$');
        assert!(counted.is_none() || there, "{value}");
    }
    let condition = pattern.trim().strip_prefix('{');
    if let Some(condition) = condition.and_then(|it| it.strip_suffix('}')) {
        let twice = format!("{{ ({condition}) && ({condition}) }}");
        // It may have become too long, or stand too deep.
        if let Ok(twice) = Pattern::parse(&twice) {
            assert_eq!(twice.matches(line), fits, "{pattern}: {line}");
        }
    }
}
