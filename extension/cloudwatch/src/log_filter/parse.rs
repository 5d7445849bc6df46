//! From text to a pattern.

use serde_json::Value;

use super::fields::Fields;
use super::regex::Regex;
use super::subject::Subject;
use super::{Condition, PatternError, Selector, Terms, Test, number};
use crate::comparison::Comparison;

/// How deep parentheses may stand: patterns have 1,024 characters.
const DEPTH: usize = 64;
/// The most regular expressions of a pattern.
const MAX_REGEXES: usize = 2;

pub(super) fn wrong(what: impl Into<String>) -> PatternError {
    PatternError(what.into())
}

/// Terms divided by spaces.
pub(super) fn terms(text: &str) -> Result<Terms, PatternError> {
    let mut terms = Terms::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (list, after) = match rest.as_bytes()[0] {
            b'?' => (&mut terms.any, &rest[1..]),
            b'-' => (&mut terms.none, &rest[1..]),
            _ => (&mut terms.all, rest),
        };
        let is_quoted = after.starts_with('"');
        let (term, after) = match after.strip_prefix('"') {
            Some(quoted) => quote(quoted)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if term.is_empty() && !is_quoted {
            return Err(wrong("a term is empty"));
        }
        if term.starts_with('%') && !is_quoted {
            return Err(wrong("regular expressions do not stand beside terms"));
        }
        // Quotes with nothing in them are in every line, so they ask for nothing.
        if !term.trim().is_empty() {
            list.push(term);
        }
        rest = after.trim_start();
    }
    // Documented: beside other terms those with `?` are ignored.
    if !terms.all.is_empty() || !terms.none.is_empty() {
        terms.any.clear();
    }
    Ok(terms)
}

/// `%...%` alone.
pub(super) fn regex(text: &str) -> Result<Regex, PatternError> {
    let mut reader = Reader::new(text);
    let read = reader.regex()?;
    reader.end()?;
    Ok(read)
}

/// What stands up to the closing quote, and what follows it.
fn quote(text: &str) -> Result<(String, &str), PatternError> {
    let mut quoted = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((quoted, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => quoted.push(escaped),
                Some((_, other)) => quoted.extend(['\\', other]),
                None => break,
            },
            other => quoted.push(other),
        }
    }
    Err(wrong("a quotation is not closed"))
}

/// A selector alone: `$.a.b[0]`.
pub(super) fn selector(text: &str) -> Result<Selector, PatternError> {
    let mut reader = Reader::new(text);
    let selector = reader.selector()?;
    reader.end()?;
    Ok(selector)
}

/// `{ condition }`.
pub(super) fn json(text: &str) -> Result<Condition<Selector>, PatternError> {
    let mut reader = Reader::new(inside(text, '{', '}')?);
    let condition = reader.either(0)?;
    reader.end()?;
    Ok(condition)
}

/// `[field, field = condition, ...]`.
pub(super) fn fields(text: &str) -> Result<Fields, PatternError> {
    let mut reader = Reader {
        ends: "()&|{}\",",
        ..Reader::new(inside(text, '[', ']')?)
    };
    let (mut names, mut conditions) = (Vec::new(), Vec::new());
    loop {
        if reader.takes("...") {
            names.push(None);
        } else {
            let before = reader.rest;
            // What the condition begins with is what the field is called.
            while reader.takes("(") {}
            let name = String::read(&mut reader)?;
            reader.skip();
            if reader.rest.is_empty() || reader.rest.starts_with(',') {
                if before.trim_start().starts_with('(') {
                    return Err(wrong("a `(` is not closed"));
                }
            } else {
                reader.rest = before;
                conditions.push(reader.either(0)?);
            }
            names.push(Some(name));
        }
        if !reader.takes(",") {
            break;
        }
    }
    reader.end()?;
    Fields { names, conditions }.checked()
}

/// What stands between the brackets of a pattern.
fn inside(text: &str, open: char, close: char) -> Result<&str, PatternError> {
    text.strip_prefix(open)
        .and_then(|rest| rest.strip_suffix(close))
        .ok_or_else(|| wrong(format!("`{open}` is not closed at the pattern's end")))
}

pub(super) struct Reader<'a> {
    pub(super) rest: &'a str,
    regexes: usize,
    /// How many wildcards the selectors read so far have.
    pub(super) wildcards: usize,
    /// What ends a bare value beside space.
    ends: &'static str,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a str) -> Self {
        Self {
            rest,
            regexes: 0,
            wildcards: 0,
            ends: "()&|{}\"",
        }
    }

    /// Makes sure that nothing is left.
    fn end(&mut self) -> Result<(), PatternError> {
        self.skip();
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(wrong(format!("`{}` was not expected", self.rest))),
        }
    }

    pub(super) fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, text: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A whole word, in capitals.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return false;
        }
        self.rest = rest;
        true
    }

    fn either<S: Subject>(&mut self, depth: usize) -> Result<Condition<S>, PatternError> {
        let mut condition = self.both(depth)?;
        while self.takes("||") {
            let other = self.both(depth)?;
            condition = Condition::Or(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn both<S: Subject>(&mut self, depth: usize) -> Result<Condition<S>, PatternError> {
        let mut condition = self.one(depth)?;
        while self.takes("&&") {
            let other = self.one(depth)?;
            condition = Condition::And(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn one<S: Subject>(&mut self, depth: usize) -> Result<Condition<S>, PatternError> {
        if depth > DEPTH {
            return Err(wrong("parentheses stand too deep"));
        }
        if self.takes("(") {
            let condition = self.either(depth + 1)?;
            return match self.takes(")") {
                true => Ok(condition),
                false => Err(wrong("a `(` is not closed")),
            };
        }
        let subject = S::read(self)?;
        Ok(Condition::Test(subject, self.test(S::MAY_BE_MISSING)?))
    }

    /// `%...%`.
    fn regex(&mut self) -> Result<Regex, PatternError> {
        let open = || wrong("a regular expression has no closing `%`");
        let inner = self.rest.strip_prefix('%').ok_or_else(open)?;
        let end = inner.find('%').ok_or_else(open)?;
        self.rest = &inner[end + 1..];
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            return Err(wrong(format!(
                "there are more than {MAX_REGEXES} regular expressions"
            )));
        }
        Regex::parse(&inner[..end])
    }

    /// What a subject is asked. A field is there whenever a line fits, so it is asked for
    /// its value alone.
    fn test(&mut self, may_be_missing: bool) -> Result<Test, PatternError> {
        match may_be_missing {
            true => match self.presence()? {
                Some(test) => Ok(test),
                None => self.comparison(),
            },
            false => self.comparison(),
        }
    }

    fn presence(&mut self) -> Result<Option<Test>, PatternError> {
        if self.word("NOT") {
            return match self.word("EXISTS") {
                true => Ok(Some(Test::NotExists)),
                false => Err(wrong("expected `NOT EXISTS`")),
            };
        }
        if self.word("EXISTS") {
            return Ok(Some(Test::Exists));
        }
        if self.word("IS") {
            let known = [
                ("NULL", Value::Null),
                ("TRUE", Value::Bool(true)),
                ("FALSE", Value::Bool(false)),
            ];
            for (word, value) in known {
                if self.word(word) {
                    return Ok(Some(Test::Is(value)));
                }
            }
            return Err(wrong("expected `IS NULL`, `IS TRUE` or `IS FALSE`"));
        }
        Ok(None)
    }

    fn comparison(&mut self) -> Result<Test, PatternError> {
        for (text, operator) in Comparison::SIGNS {
            if self.takes(text) {
                return self.compared(operator);
            }
        }
        Err(wrong(format!(
            "expected an operator, found `{}`",
            self.rest
        )))
    }

    /// A quoted value is text; a bare one is a number when it reads as one.
    fn compared(&mut self, operator: Comparison) -> Result<Test, PatternError> {
        self.skip();
        if self.rest.starts_with('%') {
            let wanted = self.regex()?;
            return match operator {
                Comparison::Equal => Ok(Test::Regex {
                    wanted,
                    equal: true,
                }),
                Comparison::Unequal => Ok(Test::Regex {
                    wanted,
                    equal: false,
                }),
                _ => Err(wrong("a regular expression is only equal or unequal")),
            };
        }
        let (value, number) = match self.rest.strip_prefix('"') {
            Some(quoted) => {
                let (value, rest) = quote(quoted)?;
                self.rest = rest;
                (value, None)
            }
            None => {
                let ends = |c: char| c.is_whitespace() || self.ends.contains(c);
                let end = self.rest.find(ends).unwrap_or(self.rest.len());
                let value = &self.rest[..end];
                self.rest = &self.rest[end..];
                (value.to_owned(), number(value))
            }
        };
        match (operator, number) {
            (operator, Some(wanted)) => Ok(Test::Number { operator, wanted }),
            (_, None) if value.is_empty() => Err(wrong("a condition compares with nothing")),
            (Comparison::Equal | Comparison::Unequal, None) => Ok(Test::Text {
                wanted: value,
                equal: operator == Comparison::Equal,
            }),
            (_, None) => Err(wrong(format!("`{value}` is no number to compare with"))),
        }
    }
}
