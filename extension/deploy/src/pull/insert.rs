//! Adding entries to an `obs.yaml` that people wrote: lines are put in, none is changed.
//!
//! The result is read again and compared with what was meant. Where it is not that (a
//! section in one line, an anchor, several documents), nothing is put in and the caller
//! says what to add by hand.

use serde_json::Value;

use crate::source::file::Files;
use crate::source::node::parse;
use crate::source::problem::Problems;
use crate::yaml::{Entry, Yaml, entry};

/// The text with the entries under a top-level section; `None` where that is not safe.
pub(super) fn insert(text: &str, section: &str, entries: &[Entry]) -> Option<String> {
    let made = placed(text, section, entries)?;
    let mut expect = json(text)?;
    let more = json(&Yaml::Map(entries.to_vec()).document())?;
    let object = expect.as_object_mut()?;
    let slot = object.entry(section).or_insert(Value::Null);
    if slot.is_null() {
        *slot = Value::Object(serde_json::Map::new());
    }
    slot.as_object_mut()?.extend(more.as_object()?.clone());
    (json(&made)? == expect).then_some(made)
}

/// A document as plain values; `None` when something is wrong with it.
fn json(text: &str) -> Option<Value> {
    let mut files = Files::new(std::path::Path::new("."));
    let index = files.add("obs.yaml", text);
    let mut problems = Problems::default();
    let node = parse(&files, index, &mut problems)?;
    problems.is_empty().then(|| node.to_json())
}

fn placed(text: &str, section: &str, entries: &[Entry]) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let head = lines.iter().position(|line| {
        let rest = line
            .strip_prefix(section)
            .and_then(|rest| rest.strip_prefix(':'));
        rest.is_some_and(|rest| matches!(rest.trim_start().chars().next(), None | Some('#')))
    });
    let Some(head) = head else {
        let mut made = text.to_owned();
        if !made.is_empty() && !made.ends_with('\n') {
            made.push_str(end);
        }
        if !made.is_empty() {
            made.push_str(end);
        }
        let value = Yaml::Map(entries.to_vec());
        let section = Yaml::Map(vec![entry(section, value)]);
        made.push_str(&block(&section, 0, end));
        return Some(made);
    };
    let inside =
        |line: &&&str| line.starts_with(' ') || line.trim().is_empty() || line.starts_with('#');
    let body: Vec<&&str> = lines[head + 1..].iter().take_while(inside).collect();
    // Blank lines and comments at the margin belong to what follows.
    let body_len = body
        .iter()
        .rposition(|line| line.starts_with(' ') && !line.trim().is_empty())
        .map_or(0, |last| last + 1);
    let indent = body
        .iter()
        .find(|line| {
            line.starts_with(' ') && !line.trim_start().starts_with('#') && !line.trim().is_empty()
        })
        .map_or(2, |line| line.len() - line.trim_start_matches(' ').len());
    let at = head + 1 + body_len;
    let mut made = lines[..at].concat();
    if !made.ends_with('\n') {
        made.push_str(end);
    }
    made.push_str(&block(&Yaml::Map(entries.to_vec()), indent, end));
    made.push_str(&lines[at..].concat());
    Some(made)
}

fn block(value: &Yaml, indent: usize, end: &str) -> String {
    let mut text = String::new();
    value.block(indent, &mut text);
    text.replace('\n', end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Vec<Entry> {
        vec![entry("team", Yaml::map([("name", Yaml::text("team"))]))]
    }

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(insert(text, "topics", &new()).as_deref(), expect, "{text}");
    }

    #[test]
    fn lines_are_put_in_and_none_is_changed() {
        let made = "  team: { name: team }\n";
        check(
            "project: a\n",
            Some(&format!("project: a\n\ntopics:\n{made}")),
        );
        check(
            "project: a",
            Some(&format!("project: a\n\ntopics:\n{made}")),
        );
        check(
            "# A.\ntopics:   # who\n  oncall: # us\n    name: x\n\n# B.\nseverities:\n  page: {}\n",
            Some(&format!(
                "# A.\ntopics:   # who\n  oncall: # us\n    name: x\n{made}\n# B.\nseverities:\n  page: {{}}\n"
            )),
        );
        check(
            "topics:\n    oncall:\n        name: x\n        # last\n",
            Some(
                "topics:\n    oncall:\n        name: x\n        # last\n    team: { name: team }\n",
            ),
        );
        check(
            "topics:\nproject: a\n",
            Some("topics:\n  team: { name: team }\nproject: a\n"),
        );
        check(
            "a: 1\r\ntopics:\r\n  x: 1\r\nb: 2\r\n",
            Some("a: 1\r\ntopics:\r\n  x: 1\r\n  team: { name: team }\r\nb: 2\r\n"),
        );
        check(
            "topics:\n  oncall: {}",
            Some("topics:\n  oncall: {}\n  team: { name: team }\n"),
        );
    }

    #[test]
    fn where_it_is_not_safe_nothing_is_put_in() {
        for text in [
            "topics: { oncall: {} }\n",
            "topics: &t\n  oncall: {}\n",
            "{ project: a }\n",
            "project: |\n  x\n...\n",
            "\"topics\":\n  oncall: {}\n",
            "topics:\n  - a\n",
            "topics:\n  team: {}\n",
            "a: {\ntopics:\n  }\n",
            "topics: [\n",
        ] {
            check(text, None);
        }
    }
}
