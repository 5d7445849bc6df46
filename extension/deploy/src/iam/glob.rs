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
