//! Signs, words and values of an expression, one after the other.

use super::FilterError;

pub(super) type Read<T> = Result<T, FilterError>;

pub(super) struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Within the braces of a service or an edge.
    pub(super) braced: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn of(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            at: 0,
            depth: 0,
            braced: false,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    pub(super) fn error(&self, message: impl Into<String>) -> FilterError {
        self.error_at(self.at, message)
    }

    pub(super) fn error_at(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            position: self.text[..at].chars().count(),
            message: message.into(),
        }
    }

    pub(super) fn expected(&mut self, what: &str) -> FilterError {
        self.space();
        let next = |rest: &str| -> String { rest.chars().take(20).collect() };
        match self.rest() {
            "" => self.error(format!("expected {what}, found the end")),
            rest => self.error(format!("expected {what}, found `{}`", next(rest))),
        }
    }

    pub(super) fn takes(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    pub(super) fn needs(&mut self, sign: &str) -> Read<()> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{sign}`"))),
        }
    }

    /// The word that is next, not taken; empty when there is none.
    pub(super) fn word(&mut self) -> &'a str {
        self.space();
        let rest = self.rest();
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        match rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())],
            false => "",
        }
    }

    pub(super) fn takes_word(&mut self, wanted: &str) -> bool {
        let word = self.word();
        let found = word.eq_ignore_ascii_case(wanted);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn flag(&mut self) -> Read<bool> {
        if self.takes_word("true") {
            return Ok(true);
        }
        match self.takes_word("false") {
            true => Ok(false),
            false => Err(self.expected("true or false")),
        }
    }

    pub(super) fn number(&mut self) -> Read<f64> {
        self.space();
        let rest = self.rest();
        let inside = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let number: Option<f64> = rest[..end].parse().ok();
        match number.filter(|number| number.is_finite()) {
            Some(number) => {
                self.at += end;
                Ok(number)
            }
            None => Err(self.expected("a number")),
        }
    }

    /// Text in quotation marks; `\` takes the meaning of the one that follows.
    pub(super) fn text(&mut self, what: &str) -> Read<String> {
        self.space();
        let start = self.at;
        if !self.takes("\"") {
            return Err(self.expected(what));
        }
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, next)| next)),
                other => text.push(other),
            }
        }
        Err(self.error_at(start, "expected a closing quotation mark, found the end"))
    }
}
