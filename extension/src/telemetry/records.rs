//! The records of a delivery, cut apart before any of them is parsed.
//!
//! A JSON parser gives up on the whole array at the first broken record. The cut
//! needs to know of strings and brackets alone, so it survives what the parser
//! does not.

/// The elements of the array that `body` is, each with white space around it.
/// None stands for what cannot be an element: a body that is no array, or what is
/// left where it was cut off.
pub(super) fn records(body: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = body
        .trim_ascii()
        .strip_prefix(b"[")
        .map_or(Rest::Broken, Rest::Elements);
    std::iter::from_fn(move || {
        let (element, then) = match rest {
            Rest::Over => return None,
            Rest::Broken => (Some(None), Rest::Over),
            Rest::Elements(left) => element(left),
        };
        rest = then;
        element
    })
}

/// What is still to be cut.
#[derive(Debug, Clone, Copy)]
enum Rest<'a> {
    /// What follows the opening bracket or a comma => (Elements | Broken | Over).
    Elements(&'a [u8]),
    /// It cannot be cut => Over.
    Broken,
    /// Nothing is left.
    Over,
}

type Cut<'a> = (Option<Option<&'a [u8]>>, Rest<'a>);

fn element(left: &[u8]) -> Cut<'_> {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in left.iter().enumerate() {
        let (element, after) = (left.get(..at), left.get(at.saturating_add(1)..));
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth = depth.saturating_add(1),
            b',' if depth == 0 => {
                return (Some(element), Rest::Elements(after.unwrap_or_default()));
            }
            b']' | b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => {
                    let none = element.is_none_or(|element| element.trim_ascii().is_empty());
                    let whole = byte == b']' && after.is_none_or(<[u8]>::is_empty);
                    let rest = if whole { Rest::Over } else { Rest::Broken };
                    return if none && whole {
                        (None, rest)
                    } else {
                        (Some(element), rest)
                    };
                }
            },
            _ => {}
        }
    }
    (Some(None), Rest::Over)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str, expect: &[Option<&str>]) {
        let found: Vec<_> = records(body.as_bytes())
            .map(|record| record.map(|bytes| std::str::from_utf8(bytes).unwrap()))
            .collect();
        assert_eq!(found, expect, "{body}");
    }

    #[test]
    fn commas_and_brackets_in_strings_cut_nothing() {
        check("", &[None]);
        check(" [] ", &[]);
        check("[1,2]", &[Some("1"), Some("2")]);
        check(
            r#"[{"a":"],\"}"},[1,[2]]]"#,
            &[Some(r#"{"a":"],\"}"}"#), Some("[1,[2]]")],
        );
        check("[1,", &[Some("1"), None]);
        check("[1]2", &[Some("1"), None]);
        check("[1}", &[Some("1"), None]);
        check(r#"["#, &[None]);
    }

    proptest! {
        #[test]
        fn any_array_is_cut_as_a_parser_would(values in prop::collection::vec("\\PC{0,12}", 0..6)) {
            let body = serde_json::json!(values).to_string();
            let cut: Vec<String> = records(body.as_bytes())
                .map(|record| serde_json::from_slice(record.unwrap()).unwrap()).collect();
            prop_assert_eq!(cut, values);
        }

        #[test]
        fn any_bytes_are_cut_to_an_end(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(records(&body).count() <= body.len() + 2);
        }
    }
}
