//! IAM's patterns: `*` is any text, `?` any one character.

/// Whether everything that `narrow` matches is matched by `wide`, too.
///
/// A `*` of `narrow` can only be met by a `*` of `wide`, which decides correctly for
/// patterns whose stars stand where ARNs have them; where it errs it says no.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    let wide: Vec<char> = wide.chars().collect();
    let narrow: Vec<char> = narrow.chars().collect();
    // Greedy with one point to come back to: linear in all but odd patterns.
    let (mut w, mut n, mut back) = (0, 0, None);
    while n < narrow.len() {
        match wide.get(w) {
            Some('*') => {
                back = Some((w, n));
                w += 1;
            }
            Some('?') if narrow[n] != '*' => (w, n) = (w + 1, n + 1),
            Some(one) if *one == narrow[n] && *one != '?' => (w, n) = (w + 1, n + 1),
            _ => {
                let Some((star, at)) = back else {
                    return false;
                };
                back = Some((star, at + 1));
                (w, n) = (star + 1, at + 1);
            }
        }
    }
    wide[w..].iter().all(|rest| *rest == '*')
}

/// Whether some text is matched by both.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    // reached[j]: some text is matched by one[..i] and other[..j].
    let mut reached = vec![false; other.len() + 1];
    reached[0] = true;
    for j in 0..other.len() {
        reached[j + 1] = reached[j] && other[j] == '*';
    }
    for a in &one {
        let mut next = vec![false; other.len() + 1];
        next[0] = reached[0] && *a == '*';
        for (j, b) in other.iter().enumerate() {
            next[j + 1] = match (*a, *b) {
                ('*', _) | (_, '*') => reached[j + 1] || next[j],
                (a, b) => reached[j] && (a == b || a == '?' || b == '?'),
            };
        }
        reached = next;
    }
    reached[other.len()]
}

/// The kind of resource that an ARN is of, such as `cloudwatch` and `alarm`; nothing when
/// it may be of several.
pub(super) fn kind(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let resource = parts.nth(2)?;
    // An SNS topic's name stands without a word before it.
    let kind = resource.split_once([':', '/']).map_or("", |(kind, _)| kind);
    let known = !is_pattern(service) && !is_pattern(kind) && !resource.starts_with('*');
    known.then_some((service, kind))
}

/// Whether a pattern stands for more than one text.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_cover_what_they_match_and_narrower_patterns() {
        for (wide, narrow, expect) in [
            ("*", "anything*", true),
            ("a*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("abc", "a*", false),
            ("a*c", "ab*c", true),
            ("a*c", "a*", false),
            ("a*b*c", "axxbyyc", true),
            ("", "", true),
            ("", "a", false),
            ("a??", "ab", false),
        ] {
            assert_eq!(covers(wide, narrow), expect, "{wide} {narrow}");
        }
    }

    #[test]
    fn patterns_overlap_when_some_text_is_of_both() {
        for (one, other, expect) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a*c", "ab", false),
            ("a?", "*b", true),
            ("", "*", true),
            ("", "a", false),
            ("alarm:shop-*", "alarm:*-errors", true),
            ("topic", "topics*", false),
        ] {
            assert_eq!(overlap(one, other), expect, "{one} {other}");
            assert_eq!(overlap(other, one), expect, "{other} {one}");
        }
    }

    #[test]
    fn an_arn_is_of_one_kind_or_of_nobody_knows_which() {
        for (arn, expect) in [
            (
                "arn:aws:cloudwatch:eu-west-1:1:alarm:shop-*",
                Some(("cloudwatch", "alarm")),
            ),
            (
                "arn:aws:cloudwatch::1:dashboard/shop",
                Some(("cloudwatch", "dashboard")),
            ),
            ("arn:aws:sns:eu-west-1:1:shop-dev-*", Some(("sns", ""))),
            (
                "arn:aws:logs:eu-west-1:1:log-group:/a/b:*",
                Some(("logs", "log-group")),
            ),
            ("arn:aws:sns:eu-west-1:1:*", None),
            ("arn:aws:*:eu-west-1:1:alarm:x", None),
            ("arn:aws:cloudwatch:*", None),
            ("*", None),
        ] {
            assert_eq!(kind(arn), expect, "{arn}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_overlaps(wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}") {
            if covers(&wide, &narrow) {
                prop_assert!(overlap(&wide, &narrow));
            }
        }

        #[test]
        fn a_text_of_the_narrow_is_a_text_of_the_wide(
            wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}", text in "[ab]{0,6}"
        ) {
            if covers(&wide, &narrow) && covers(&narrow, &text) {
                prop_assert!(covers(&wide, &text));
            }
            prop_assert_eq!(overlap(&wide, &text), covers(&wide, &text));
        }
    }
}
