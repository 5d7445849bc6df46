//! Laying one tree over another: overlays of environments, changes to presets.

use super::node::{Entry, Kind, Node};

/// `over` laid on `base`: mappings key by key, anything else replaced; a key that is
/// nothing (`~`) in `over` goes.
pub fn merge(base: &Node, over: &Node) -> Node {
    let (Kind::Map(base_entries), Kind::Map(over_entries)) = (&base.kind, &over.kind) else {
        return over.clone();
    };
    let mut entries: Vec<Entry> = base_entries
        .iter()
        .filter_map(|entry| match over.get(&entry.key) {
            None => Some(entry.clone()),
            Some(change) if change.kind == Kind::Null => None,
            Some(change) => Some(Entry {
                key: entry.key.clone(),
                key_span: entry.key_span,
                value: merge(&entry.value, change),
            }),
        })
        .collect();
    let new = over_entries
        .iter()
        .filter(|entry| base.get(&entry.key).is_none() && entry.value.kind != Kind::Null);
    entries.extend(new.cloned());
    Node {
        span: base.span,
        kind: Kind::Map(entries),
    }
}

/// Whether `name` is `pattern`, in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::Files;
    use super::super::node::parse;
    use super::super::problem::Problems;
    use super::*;

    fn json(text: &str) -> Node {
        let mut files = Files::new(std::path::Path::new("."));
        let index = files.add("a.yaml", text);
        parse(&files, index, &mut Problems::default()).unwrap()
    }

    #[test]
    fn mappings_are_laid_over_key_by_key() {
        let merged = merge(
            &json("{ a: { b: 1, c: [1, 2] }, d: 4, e: 5 }"),
            &json("{ a: { c: [3], x: 7 }, d: ~, f: ~ }"),
        );
        assert_eq!(
            merged.to_json(),
            json("{ a: { b: 1, c: [3], x: 7 }, e: 5 }").to_json()
        );
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expect) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*-dlq", "files-dlq", true),
            ("*-dlq", "files-dlq-old", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
