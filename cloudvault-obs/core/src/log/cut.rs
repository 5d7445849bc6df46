//! Lines that are longer than one log event may be.
//!
//! CloudWatch Logs cuts such a line where it happens to end, and what is left is
//! no JSON. Here the longest values are shortened until it fits, each with a
//! mark that says how much is missing.

use super::parts::{Part, parts};

/// The key that says how many bytes of a line were cut.
pub const CUT_KEY: &str = "obs_cut_bytes";

/// Room for `,"obs_cut_bytes":18446744073709551615`.
const NOTE: usize = 40;
/// Room for `…[cut 18446744073709551615 bytes]` and two quotes.
const MARK: usize = 48;
/// Keys without which a line cannot be placed are never dropped.
const PLACE: usize = 12;

/// Shortens `line`, an object without its line feed, to at most `limit` bytes;
/// at least the first keys remain, whatever the limit. Answers the bytes cut.
pub fn cut(line: &mut Vec<u8>, limit: usize) -> usize {
    let before = line.len();
    if before <= limit {
        return 0;
    }
    let limit = limit.saturating_sub(NOTE);
    let mut excess = before.saturating_sub(limit);
    let mut parts: Vec<Part> = parts(line).collect();
    let mut longest: Vec<usize> = (0..parts.len()).collect();
    longest.sort_by_key(|&index| std::cmp::Reverse(parts[index].value.len()));
    let mut kept: Vec<Option<usize>> = vec![None; parts.len()];
    for index in longest {
        let length = parts[index].value.len();
        if excess == 0 || length <= MARK {
            break;
        }
        let keep = length.saturating_sub(excess + MARK);
        kept[index] = Some(keep);
        excess = excess.saturating_sub(length - keep - MARK);
    }
    // Thousands of small members: the last ones go whole.
    while excess > 0 && parts.len() > PLACE {
        let gone = parts
            .pop()
            .map_or(0, |part| part.value.end - part.key.start + 2);
        excess = excess.saturating_sub(gone);
    }
    let old = std::mem::take(line);
    line.push(b'{');
    for (part, keep) in parts.iter().zip(kept) {
        write(line, &old, part, keep);
    }
    let cut = before - line.len().min(before);
    line.extend_from_slice(b",\"");
    line.extend_from_slice(CUT_KEY.as_bytes());
    line.extend_from_slice(b"\":");
    crate::json::integer(line, cut);
    line.push(b'}');
    cut
}

fn write(line: &mut Vec<u8>, old: &[u8], part: &Part, keep: Option<usize>) {
    if line.len() > 1 {
        line.push(b',');
    }
    line.extend_from_slice(&old[part.key.start - 1..=part.key.end]);
    line.push(b':');
    let value = &old[part.value.clone()];
    let Some(keep) = keep else {
        return line.extend_from_slice(value);
    };
    line.push(b'"');
    let is_text = value.first() == Some(&b'"');
    let kept = if is_text {
        boundary(&value[1..], keep)
    } else {
        0
    };
    line.extend_from_slice(&value[1..=kept]);
    marked(line, value.len() - kept - if is_text { 2 } else { 0 });
    line.push(b'"');
}

/// Says, within a text, how much of it is missing.
pub(super) fn marked(out: &mut Vec<u8>, bytes: usize) {
    out.extend_from_slice("…[cut ".as_bytes());
    crate::json::integer(out, bytes);
    out.extend_from_slice(b" bytes]");
}

/// The largest length up to `keep` that splits neither an escape nor a
/// character.
pub(super) fn boundary(text: &[u8], keep: usize) -> usize {
    let (mut at, mut last) = (0, 0);
    while at <= keep {
        last = at;
        at += match text.get(at) {
            None => break,
            Some(b'\\') if text.get(at + 1) == Some(&b'u') => 6,
            Some(b'\\') => 2,
            Some(byte) if *byte >= 0xf0 => 4,
            Some(byte) if *byte >= 0xe0 => 3,
            Some(byte) if *byte >= 0xc0 => 2,
            Some(_) => 1,
        };
    }
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn check(line: &Value, limit: usize) -> Value {
        let mut bytes = line.to_string().into_bytes();
        let before = bytes.len();
        let gone = cut(&mut bytes, limit);
        assert!(bytes.len() <= limit, "{} of {limit}", bytes.len());
        let read: Value = serde_json::from_slice(&bytes).expect("valid JSON");
        if before > limit {
            assert_eq!(read[CUT_KEY], json!(gone));
        }
        read
    }

    #[test]
    fn the_longest_value_is_shortened_with_a_mark() {
        let line = json!({"level": "INFO", "message": "m", "body": "é\"x".repeat(1000)});
        let read = check(&line, 500);
        assert_eq!(read["message"], "m");
        let body = read["body"].as_str().unwrap();
        assert!(
            body.starts_with("é\"xé") && body.ends_with(" bytes]"),
            "{body}"
        );
        assert_eq!(check(&line, 10_000), line);
    }

    #[test]
    fn a_long_list_gives_way_and_many_small_members_go_from_the_end() {
        let read = check(&json!({"a": 1, "z": vec!["cause"; 1000]}), 300);
        assert!(read["z"].as_str().unwrap().starts_with("…[cut "));
        let many: serde_json::Map<_, _> =
            (0..1000).map(|n| (format!("k{n:04}"), json!(n))).collect();
        let read = check(&Value::Object(many), 2000);
        assert_eq!((&read["k0000"], read.get("k0999")), (&json!(0), None));
    }

    proptest! {
        #[test]
        fn any_line_fits_and_still_parses(
            values in prop::collection::vec((".{0,30}", 0..40_usize), 0..12), limit in 1200..3000_usize,
        ) {
            let line: serde_json::Map<String, Value> = values
                .iter().enumerate().map(|(n, (text, times))| (format!("k{n}"), text.repeat(*times).into())).collect();
            check(&Value::Object(line), limit);
        }
    }
}
