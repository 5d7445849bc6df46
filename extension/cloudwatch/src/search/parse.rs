//! Reads a search: a schema in braces, then terms joined by AND, OR and NOT.

use std::collections::BTreeSet;

use super::tokens::Partial;
use super::{Condition, Search, Term};

/// The longest search, in characters.
const MAX_LENGTH: usize = 1_024;
/// The deepest nesting of parentheses.
const MAX_NESTING: usize = 32;

/// Why a text is no search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the search at its character {}: {message}", position + 1)]
pub struct SearchError {
    position: usize,
    message: String,
}

/// Reads a search.
pub(super) fn parse(text: &str) -> Result<Search, SearchError> {
    if text.chars().count() > MAX_LENGTH {
        return Err(SearchError {
            position: 0,
            message: format!("the search is longer than {MAX_LENGTH} characters"),
        });
    }
    let mut reader = Reader {
        text,
        at: 0,
        nesting: 0,
    };
    let schema = reader.schema()?;
    // The documents write a comma behind most schemas and need it behind none.
    if schema.is_some() {
        reader.take(',');
    }
    reader.space();
    if reader.rest().is_empty() {
        return match schema {
            Some(_) => Ok(Search {
                schema,
                condition: Condition::Always,
            }),
            None => Err(reader.error("expected a schema or a term")),
        };
    }
    let condition = reader.any(None)?;
    reader.space();
    if !reader.rest().is_empty() {
        return Err(reader.error("expected a term, AND, OR, NOT or the end"));
    }
    Ok(Search { schema, condition })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nesting: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: &str) -> SearchError {
        SearchError {
            position: self.at,
            message: message.to_owned(),
        }
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a sign, after space, if it is next.
    fn take(&mut self, sign: char) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    /// Takes a whole word such as `OR` if it is next.
    fn take_word(&mut self, word: &str) -> bool {
        self.space();
        let found = self
            .rest()
            .strip_prefix(word)
            .is_some_and(|after| !after.starts_with(|c: char| is_word(c) || c == '='));
        if found {
            self.at += word.len();
        }
        found
    }

    /// What stands in double quotes, if a quote is next. A backslash takes its meaning
    /// from the character behind it: `" \ ( )` have one without.
    fn quoted(&mut self) -> Result<Option<String>, SearchError> {
        self.space();
        let Some(inner) = self.rest().strip_prefix('"') else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut chars = inner.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            match (c, chars.peek()) {
                ('"', _) => {
                    self.at += index + 2;
                    return Ok(Some(text));
                }
                ('\\', Some((_, escaped @ ('"' | '\\' | '(' | ')')))) => {
                    text.push(*escaped);
                    chars.next();
                }
                _ => text.push(c),
            }
        }
        Err(self.error("the text that begins here has no closing quote"))
    }

    /// `{Namespace, Dimension, ...}`
    fn schema(&mut self) -> Result<Option<(String, BTreeSet<String>)>, SearchError> {
        if !self.take('{') {
            return Ok(None);
        }
        let mut names = Vec::new();
        loop {
            let name = match self.quoted()? {
                Some(quoted) => quoted,
                None => {
                    let end = self.rest().find([',', '}']).unwrap_or(self.rest().len());
                    let name = self.rest()[..end].trim();
                    self.at += end;
                    name.to_owned()
                }
            };
            if name.is_empty() {
                return Err(self.error(if names.is_empty() {
                    "expected a namespace"
                } else {
                    "expected the name of a dimension"
                }));
            }
            names.push(name);
            if self.take('}') {
                break;
            }
            if !self.take(',') {
                return Err(self.error("expected `}` or `,`"));
            }
        }
        let namespace = names.remove(0);
        Ok(Some((namespace, names.into_iter().collect())))
    }

    /// Terms with OR between them; `property` is what they are about.
    fn any(&mut self, property: Option<&str>) -> Result<Condition, SearchError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error("the search is nested deeper than 32"));
        }
        self.nesting += 1;
        let mut parts = vec![self.all(property)?];
        while self.take_word("OR") {
            parts.push(self.all(property)?);
        }
        self.nesting -= 1;
        Ok(join(parts, Condition::Any))
    }

    /// Terms with AND or nothing between them.
    fn all(&mut self, property: Option<&str>) -> Result<Condition, SearchError> {
        let mut parts = vec![self.one(property)?];
        loop {
            if self.take_word("AND") {
                parts.push(self.one(property)?);
                continue;
            }
            let before = self.at;
            self.space();
            let more =
                !self.rest().is_empty() && !self.rest().starts_with(')') && !self.take_word("OR");
            self.at = before;
            if !more {
                return Ok(join(parts, Condition::All));
            }
            parts.push(self.one(property)?);
        }
    }

    /// One term, its opposite, or something in parentheses.
    fn one(&mut self, property: Option<&str>) -> Result<Condition, SearchError> {
        let mut negated = false;
        while self.take_word("NOT") {
            negated = !negated;
        }
        let condition = if self.take('(') {
            let inner = self.any(property)?;
            if !self.take(')') {
                return Err(self.error("expected `)`"));
            }
            inner
        } else {
            self.term(property)?
        };
        Ok(if negated {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    /// `word`, `"text"`, `Property=word`, `Property="text"` or `Property=(...)`.
    fn term(&mut self, property: Option<&str>) -> Result<Condition, SearchError> {
        let (term, spelled) = match self.quoted()? {
            Some(text) => (Term::Exact(text.clone()), text),
            None => {
                let end = self
                    .rest()
                    .find(|c: char| !is_word(c))
                    .unwrap_or(self.rest().len());
                let word = &self.rest()[..end];
                if word.is_empty() || matches!(word, "AND" | "OR") {
                    return Err(self.error("expected a term"));
                }
                self.at += end;
                (Term::Partial(Partial::of(word)), word.to_owned())
            }
        };
        if property.is_none() && self.take('=') {
            let property = Some(spelled.as_str());
            return if self.take('(') {
                let inner = self.any(property)?;
                if self.take(')') {
                    Ok(inner)
                } else {
                    Err(self.error("expected `)`"))
                }
            } else {
                self.term(property)
            };
        }
        Ok(Condition::Term(property.map(str::to_owned), term))
    }
}

/// Whether a character can stand in a term without quotes.
fn is_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '(' | ')' | '=' | '{' | '}')
}

/// One part alone, or several joined.
fn join(mut parts: Vec<Condition>, all: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        all(parts)
    }
}
