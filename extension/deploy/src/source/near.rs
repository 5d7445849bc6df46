//! "Did you mean ...?": the known word nearest to an unknown one.

/// The nearest of `known` to `word`, when it is near enough to be a slip.
///
/// `treatMissingData` and `treat-missing-data` are near `treat_missing_data`:
/// case and separators count for nothing.
pub fn nearest<'a, I>(word: &str, known: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let plain = squash(word);
    let mut best: Option<(f64, &'a str)> = None;
    for candidate in known {
        let other = squash(candidate);
        if other == plain {
            return Some(candidate);
        }
        let distance = strsim::damerau_levenshtein(&plain, &other);
        let limit = (plain.chars().count().max(other.chars().count()) / 3).max(1);
        let prefix = plain.len() >= 4 && (other.starts_with(&plain) || plain.starts_with(&other));
        if distance > limit && !prefix {
            continue;
        }
        let score = strsim::jaro_winkler(&plain, &other);
        if best.is_none_or(|(so_far, _)| score > so_far) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", else the list of what there is.
pub fn suggestion<'a, I>(word: &str, known: I) -> String
where
    I: IntoIterator<Item = &'a str>,
{
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None if known.len() == 1 => format!("expected `{}`", known[0]),
        None => format!("expected one of {}", list(&known)),
    }
}

/// `a`, `b` and `c`; at most twelve are shown.
pub fn list(words: &[&str]) -> String {
    const SHOWN: usize = 12;
    let mut text = words
        .iter()
        .take(SHOWN)
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if words.len() > SHOWN {
        text.push_str(&format!(" and {} more", words.len() - SHOWN));
    }
    text
}

fn squash(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, known: &[&str], expect: Option<&str>) {
        assert_eq!(nearest(word, known.iter().copied()), expect, "{word}");
    }

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        let keys = ["treat_missing_data", "period", "condition", "statistic"];
        check("treatMissingData", &keys, Some("treat_missing_data"));
        check("treat_mising_data", &keys, Some("treat_missing_data"));
        check("perod", &keys, Some("period"));
        check("stat", &keys, Some("statistic"));
        check("colour", &keys, None);
        check("", &keys, None);
    }
}
