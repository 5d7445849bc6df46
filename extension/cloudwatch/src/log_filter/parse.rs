//! From text to a pattern.

use serde_json::Value;

use super::fields::Fields;
use super::{Condition, Operator, PatternError, Step, Terms, Test, number, refused};

/// How deep parentheses may stand: patterns have 1,024 characters.
const DEPTH: usize = 64;
const REGEX: &str = "regular expressions, `%...%`,";
/// What ends a bare value beside a space.
const JSON_ENDS: &str = "()&|{}\"";
const FIELD_ENDS: &str = ",&|\"";

fn wrong(what: impl Into<String>) -> PatternError {
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
        let (term, after) = match after.strip_prefix('"') {
            Some(quoted) => quote(quoted)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if term.is_empty() {
            return Err(wrong("a term is empty"));
        }
        if term.starts_with('%') {
            return Err(refused(REGEX));
        }
        list.push(term);
        rest = after.trim_start();
    }
    let others = terms.all.len() + terms.none.len();
    if !terms.any.is_empty() && others > 0 {
        return Err(refused("terms with `?` beside terms without"));
    }
    Ok(terms)
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
pub(super) fn selector(text: &str) -> Result<Vec<Step>, PatternError> {
    let mut reader = Reader::of(text, JSON_ENDS);
    let steps = reader.selector()?;
    match reader.rest.is_empty() {
        true => Ok(steps),
        false => Err(wrong(format!("`{text}` is not a selector"))),
    }
}

/// `{ condition }`.
pub(super) fn json(text: &str) -> Result<Condition, PatternError> {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or_else(|| wrong("`{` is not closed at the pattern's end"))?;
    let mut reader = Reader::of(inner, JSON_ENDS);
    let condition = reader.either(0)?;
    reader.skip();
    match reader.rest.is_empty() {
        true => Ok(condition),
        false => Err(wrong(format!("`{}` was not expected", reader.rest))),
    }
}

/// `[name, name = condition, ..., name]`.
pub(super) fn fields(text: &str) -> Result<Fields, PatternError> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(|| wrong("`[` is not closed at the pattern's end"))?;
    if inner.trim().is_empty() {
        return Err(wrong("expected a field between `[` and `]`"));
    }
    let mut reader = Reader::of(inner, FIELD_ENDS);
    let (mut first, mut last, mut conditions) = (Vec::new(), None, Vec::new());
    loop {
        if reader.takes("...") {
            if last.replace(Vec::new()).is_some() {
                return Err(wrong("`...` stands twice"));
            }
        } else {
            let name = reader.field_name();
            let known = first.iter().chain(last.iter().flatten());
            if !name.is_empty() && known.into_iter().any(|known| known == name) {
                return Err(wrong(format!("field `{name}` stands twice")));
            }
            if !(reader.rest.is_empty() || reader.rest.starts_with(',')) {
                conditions.push(reader.field_either(name)?);
            }
            last.as_mut().unwrap_or(&mut first).push(name.to_owned());
        }
        reader.skip();
        if reader.rest.is_empty() {
            return Ok(Fields {
                first,
                last,
                conditions,
            });
        }
        if !reader.takes(",") {
            return Err(wrong(format!("expected `,`, found `{}`", reader.rest)));
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    /// What ends a bare value.
    ends: &'static str,
}

impl<'a> Reader<'a> {
    fn of(rest: &'a str, ends: &'static str) -> Reader<'a> {
        Reader { rest, ends }
    }

    /// A field's name; empty for one without.
    fn field_name(&mut self) -> &'a str {
        self.skip();
        let inside = |c: char| c.is_alphanumeric() || "_-".contains(c);
        let end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        let name = &self.rest[..end];
        self.rest = &self.rest[end..];
        self.skip();
        name
    }

    /// Conditions on one field, whose name was read already.
    fn field_either(&mut self, name: &str) -> Result<Condition, PatternError> {
        let mut condition = self.field_both(name)?;
        while self.takes("||") {
            self.same_field(name)?;
            let other = self.field_both(name)?;
            condition = Condition::Or(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn field_both(&mut self, name: &str) -> Result<Condition, PatternError> {
        let mut condition = self.field_one(name)?;
        while self.takes("&&") {
            self.same_field(name)?;
            let other = self.field_one(name)?;
            condition = Condition::And(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn field_one(&mut self, name: &str) -> Result<Condition, PatternError> {
        if name.is_empty() {
            return Err(wrong("a condition needs its field's name"));
        }
        let selector = vec![Step::Field(name.to_owned())];
        Ok(Condition::Test(selector, self.comparison()?))
    }

    fn same_field(&mut self, name: &str) -> Result<(), PatternError> {
        match self.field_name() {
            found if found == name => Ok(()),
            found => Err(wrong(format!(
                "expected a condition on `{name}`, found `{found}`"
            ))),
        }
    }

    fn skip(&mut self) {
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

    fn either(&mut self, depth: usize) -> Result<Condition, PatternError> {
        let mut condition = self.both(depth)?;
        while self.takes("||") {
            let other = self.both(depth)?;
            condition = Condition::Or(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn both(&mut self, depth: usize) -> Result<Condition, PatternError> {
        let mut condition = self.one(depth)?;
        while self.takes("&&") {
            let other = self.one(depth)?;
            condition = Condition::And(Box::new(condition), Box::new(other));
        }
        Ok(condition)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, PatternError> {
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
        self.skip();
        let selector = self.selector()?;
        Ok(Condition::Test(selector, self.test()?))
    }

    fn selector(&mut self) -> Result<Vec<Step>, PatternError> {
        let broken =
            |rest: &str| wrong(format!("expected a selector such as `$.a`, found `{rest}`"));
        let start = self.rest;
        self.rest = start.strip_prefix('$').ok_or_else(|| broken(start))?;
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                let name = |c: char| c.is_alphanumeric() || "_-@/:".contains(c);
                let end = rest.find(|c| !name(c)).unwrap_or(rest.len());
                if end == 0 {
                    return Err(broken(start));
                }
                steps.push(Step::Field(rest[..end].to_owned()));
                self.rest = &rest[end..];
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (inside, rest) = rest.split_once(']').ok_or_else(|| broken(start))?;
                if inside == "*" {
                    return Err(refused("selectors with `[*]`"));
                }
                let quoted = inside.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
                steps.push(match (quoted, inside.parse()) {
                    (Some(name), _) => Step::Field(name.to_owned()),
                    (None, Ok(index)) => Step::Index(index),
                    (None, Err(_)) => return Err(broken(start)),
                });
                self.rest = rest;
            } else {
                break;
            }
        }
        match steps.is_empty() {
            true => Err(broken(start)),
            false => Ok(steps),
        }
    }

    fn test(&mut self) -> Result<Test, PatternError> {
        if self.word("NOT") {
            return match self.word("EXISTS") {
                true => Ok(Test::NotExists),
                false => Err(wrong("expected `NOT EXISTS`")),
            };
        }
        if self.word("EXISTS") {
            return Ok(Test::Exists);
        }
        if self.word("IS") {
            let known = [
                ("NULL", Value::Null),
                ("TRUE", Value::Bool(true)),
                ("FALSE", Value::Bool(false)),
            ];
            for (word, value) in known {
                if self.word(word) {
                    return Ok(Test::Is(value));
                }
            }
            return Err(wrong("expected `IS NULL`, `IS TRUE` or `IS FALSE`"));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Test, PatternError> {
        // Longer ones first: `<=` begins with `<`.
        let operators = [
            ("!=", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (text, operator) in operators {
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
    fn compared(&mut self, operator: Operator) -> Result<Test, PatternError> {
        self.skip();
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
        if value.starts_with('%') {
            return Err(refused(REGEX));
        }
        match (operator, number) {
            (operator, Some(wanted)) => Ok(Test::Number { operator, wanted }),
            (_, None) if value.is_empty() => Err(wrong("a condition compares with nothing")),
            (Operator::Equal | Operator::Unequal, None) => Ok(Test::Text {
                wanted: value,
                equal: operator == Operator::Equal,
            }),
            (_, None) => Err(wrong(format!("`{value}` is no number to compare with"))),
        }
    }
}
