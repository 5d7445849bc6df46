//! The near miss: which known word did a writer probably mean?
//!
//! Every refusal of a name ends with it, since most bad names are typing errors.

/// The known word nearest to `found`, if it is near enough to be meant: at most a
/// third of its letters differ, case not counted.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Untrusted text can be long; nobody mistypes a word of more letters than this.
    if found.chars().count() > 64 {
        return None;
    }
    let lower = found.to_lowercase();
    known
        .into_iter()
        .map(|word| (distance(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| distance * 3 <= word.chars().count().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `, did you mean `x`?` or nothing: the tail of an error message.
pub(crate) fn hint<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(found, known) {
        Some(word) => format!(", did you mean `{word}`?"),
        None => String::new(),
    }
}

/// Edit distance: insertions, removals, changes and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word_and_a_stranger_finds_none() {
        let known = ["Average", "Sum", "SampleCount"];
        assert_eq!(nearest("Avrage", known), Some("Average"));
        assert_eq!(nearest("smu", known), Some("Sum"));
        assert_eq!(nearest("bananas", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
