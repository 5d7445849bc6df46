//! Writing YAML that people read and change afterwards: short lists and mappings on one
//! line, texts without quotes where that is safe, several lines as a block.
//!
//! The writers of libraries serialise a type; these files are edited by hand after they
//! were written, so that comments, order and line breaks are chosen here.

/// A value to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// A text; quoted when YAML would take it for something else.
    Text(String),
    /// Written as it is: numbers, durations, `true`.
    Plain(String),
    /// Items.
    List(Vec<Yaml>),
    /// Keys in their order.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Lines above the key, without `#`.
    pub comment: Vec<String>,
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Yaml,
}

/// Longest line that a list or a mapping may make.
const LINE: usize = 92;

impl Yaml {
    /// A text.
    pub fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    /// A mapping.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Yaml)>) -> Yaml {
        let entries = entries.into_iter();
        Yaml::Map(entries.map(|(key, value)| entry(key, value)).collect())
    }

    /// The document's text.
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.block(0, &mut out);
        out
    }

    /// Writes it at an indentation, as lines that all end.
    pub fn block(&self, indent: usize, out: &mut String) {
        match self {
            Yaml::Map(entries) => {
                for entry in entries {
                    entry.write(indent, out);
                }
            }
            Yaml::List(items) => {
                for item in items {
                    let mut text = String::new();
                    item.block(indent + 2, &mut text);
                    out.push_str(&" ".repeat(indent));
                    out.push_str("- ");
                    out.push_str(text.trim_start_matches(' '));
                }
            }
            scalar => {
                out.push_str(&" ".repeat(indent));
                out.push_str(&scalar.flow().unwrap_or_default());
                out.push('\n');
            }
        }
    }

    /// On one line; `None` when a comment would be lost.
    fn flow(&self) -> Option<String> {
        match self {
            Yaml::Text(text) => Some(scalar(text)),
            Yaml::Plain(text) => Some(text.clone()),
            Yaml::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(Yaml::flow).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Yaml::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
            Yaml::Map(entries) => {
                let mut parts = Vec::new();
                for entry in entries.iter() {
                    if !entry.comment.is_empty() {
                        return None;
                    }
                    parts.push(format!("{}: {}", scalar(&entry.key), entry.value.flow()?));
                }
                Some(format!("{{ {} }}", parts.join(", ")))
            }
        }
    }

    /// Mappings of mappings and lists of mappings are easier to read as a block.
    fn is_flat(&self) -> bool {
        let simple = |value: &Yaml| matches!(value, Yaml::Text(_) | Yaml::Plain(_));
        match self {
            Yaml::Text(_) | Yaml::Plain(_) => true,
            Yaml::List(items) => items.iter().all(simple),
            Yaml::Map(entries) => {
                let named = entries
                    .iter()
                    .all(|entry| matches!(entry.value, Yaml::Map(_)));
                (!named || entries.is_empty())
                    && entries.iter().all(|entry| match &entry.value {
                        Yaml::Map(inner) => inner.iter().all(|entry| simple(&entry.value)),
                        value => value.is_flat(),
                    })
            }
        }
    }
}

/// A key with its value.
pub fn entry(key: impl Into<String>, value: Yaml) -> Entry {
    Entry {
        comment: Vec::new(),
        key: key.into(),
        value,
    }
}

impl Entry {
    /// The same with a comment above it.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Entry {
        self.comment.push(comment.into());
        self
    }

    /// Writes it at an indentation, as lines that all end.
    pub fn write(&self, indent: usize, out: &mut String) {
        let space = " ".repeat(indent);
        for line in self.comment.iter().flat_map(|text| text.lines()) {
            let line: String = line
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            out.push_str(&format!("{space}# {line}\n"));
        }
        let key = scalar(&self.key);
        if let Yaml::Text(text) = &self.value
            && is_block(text)
        {
            out.push_str(&format!("{space}{key}: |-\n"));
            for line in text.split('\n') {
                let line = match line {
                    "" => String::new(),
                    line => format!("{space}  {line}"),
                };
                out.push_str(&line);
                out.push('\n');
            }
            return;
        }
        let flow = self.value.flow().filter(|flow| {
            self.value.is_flat()
                && (matches!(self.value, Yaml::Text(_) | Yaml::Plain(_))
                    || indent + key.len() + 2 + flow.chars().count() <= LINE)
        });
        match flow {
            Some(flow) => out.push_str(&format!("{space}{key}: {flow}\n")),
            None => {
                out.push_str(&format!("{space}{key}:\n"));
                self.value.block(indent + 2, out);
            }
        }
    }
}

/// Several lines that a literal block holds exactly.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
        && text.split('\n').all(|line| {
            !line.ends_with([' ', '\t']) && !line.starts_with('\t') && line.chars().all(is_shown)
        })
}

/// A text on one line, quoted unless it cannot be taken for anything else.
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_shown(c) => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Words that YAML, or an older reader of it, takes for something else.
const WORDS: &[&str] = &[
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity",
];

fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let begins = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    begins
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _./-@$*+()".contains(c))
}

/// Characters that may stand in a file as they are.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::file::Files;
    use crate::source::node::parse;
    use crate::source::problem::Problems;

    fn read(text: &str) -> serde_json::Value {
        let mut files = Files::new(std::path::Path::new("."));
        let index = files.add("a.yaml", text);
        let mut problems = Problems::default();
        let node = parse(&files, index, &mut problems);
        assert!(problems.is_empty(), "{text}");
        node.expect("it is YAML").to_json()
    }

    /// What YAML takes for something else, or nearly does.
    const ODD: &[&str] = &[
        "",
        " ",
        "a",
        "a b",
        "yes",
        "Null",
        "~",
        "0012",
        "1e5",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "\"",
        "'",
        "\\",
        "a\nb",
        "a\n\nb",
        " a\nb",
        "a\nb\n",
        "a \nb",
        "\ta\nb",
        "a\r\nb",
        "{a}",
        "[a]",
        "${a}",
        "$${a}",
        "é ü 漢 🦀",
        "\u{7}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}a",
        "a,b",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "| a",
        "> 5",
        "? a",
        "...",
        "---",
        "a:\nb: c\n# d",
        "nan",
        "0x1f",
        "+1",
        "1_000",
        "2026-01-01",
        "=",
        "<<",
    ];

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in ODD.iter().copied() {
            let value = Yaml::map([
                ("text", Yaml::text(text)),
                ("list", Yaml::List(vec![Yaml::text(text)])),
                ("map", Yaml::map([(format!("k{text}"), Yaml::text(text))])),
            ]);
            let expect = serde_json::json!({
                "text": text, "list": [text], "map": { format!("k{text}"): text },
            });
            assert_eq!(
                read(&value.document()),
                expect,
                "{text:?}\n{}",
                value.document()
            );
        }
    }

    #[test]
    fn it_reads_as_people_write_it() {
        let mut long = Entry {
            key: "long".to_owned(),
            ..entry("", Yaml::List(Vec::new()))
        };
        long.value = Yaml::List((0..30).map(|n| Yaml::text(format!("item-{n}"))).collect());
        let value = Yaml::Map(vec![
            entry("name", Yaml::text("shop-slow")).comment("Pulled."),
            entry("description", Yaml::text("One.\nTwo.")),
            entry("metric", Yaml::map([("namespace", Yaml::text("AWS/SQS"))])),
            entry(
                "alarms",
                Yaml::List(vec![Yaml::map([("a", Yaml::Plain("1".to_owned()))])]),
            ),
        ]);
        insta::assert_snapshot!(value.document(), @r#"
        # Pulled.
        name: shop-slow
        description: |-
          One.
          Two.
        metric: { namespace: AWS/SQS }
        alarms:
          - a: 1
        "#);
        assert!(Yaml::Map(vec![long]).document().lines().count() > 30);
    }
}
