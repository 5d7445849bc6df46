//! Cuts an expression into its words.

use super::error::MathError;

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// What stands between single or double quotes.
    Text(String),
    /// An id, a function or a keyword.
    Name(String),
    /// An operator or punctuation, `AND` and `OR` written `&&` and `||`.
    Sign(&'static str),
}

impl Token {
    /// How an error names it.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Number(number) => format!("`{number}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::Name(name) => format!("`{}`", name.chars().take(64).collect::<String>()),
            Token::Sign(sign) => format!("`{sign}`"),
        }
    }
}

/// The signs, longer ones first.
const SIGNS: [&str; 19] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",",
    "%",
];

/// The words with the byte at which each begins.
pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token)>, MathError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = token(text, at, c)?;
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// The word that begins at a byte, and its length.
fn token(text: &str, at: usize, first: char) -> Result<(Token, usize), MathError> {
    let rest = &text[at..];
    if first.is_ascii_digit() || first == '.' {
        return number(rest).ok_or_else(|| MathError::new(at, "expected a number"));
    }
    if first.is_ascii_alphabetic() {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let token = match &rest[..end] {
            "AND" => Token::Sign("&&"),
            "OR" => Token::Sign("||"),
            name => Token::Name(name.to_owned()),
        };
        return Ok((token, end));
    }
    if first == '"' || first == '\'' {
        return quoted(rest, first).ok_or_else(|| {
            MathError::new(
                at,
                format!("the text that begins here has no closing {first}"),
            )
        });
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(&"%") => Err(MathError::new(
            at,
            "`%` is no operator; write a share as a fraction, such as 0.05",
        )),
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None if first == '=' => Err(MathError::new(at, "`=` is no operator, did you mean `==`?")),
        None => Err(MathError::new(
            at,
            format!("expected a metric, a number or an operator, found `{first}`"),
        )),
    }
}

/// A number with an optional fraction and exponent.
fn number(rest: &str) -> Option<(Token, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(rest);
    if rest[end..].starts_with('.') {
        end += 1 + digits(&rest[end + 1..]);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&rest[end + 1 + sign..]);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let value: f64 = rest[..end].parse().ok()?;
    value.is_finite().then_some((Token::Number(value), end))
}

/// A quoted text. A backslash keeps the closing quote from closing it; before any other
/// character it stays, since in a search it has a meaning of its own.
fn quoted(rest: &str, quote: char) -> Option<(Token, usize)> {
    let mut inner = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        if c == quote {
            return Some((Token::Text(inner), index + 1));
        }
        if c != '\\' {
            inner.push(c);
            continue;
        }
        let (_, escaped) = chars.next()?;
        if escaped != quote {
            inner.push(c);
        }
        inner.push(escaped);
    }
    None
}
