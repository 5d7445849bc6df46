//! Reads an expression by precedence climbing. The text and the depth of the tree
//! are bounded: the text comes from whoever may call the endpoint.

use super::error::MathError;
use super::expr::{Expr, Kind, NEGATE_BINDS, Operator};
use super::function::Function;
use super::lex::{Token, lex};

/// The longest expression, in bytes; CloudWatch's limit is 2048 characters.
const MAX_LENGTH: usize = 8_192;
/// The longest expression, in characters.
const MAX_CHARACTERS: usize = 2_048;
/// The deepest tree; a sum of so many terms is as deep.
const MAX_DEPTH: usize = 256;
/// The deepest nesting of parentheses and calls, which costs stack while reading.
const MAX_NESTING: usize = 48;

/// Reads an expression.
///
/// # Errors
/// Where the text stops being an expression, with what was expected there.
pub fn parse(text: &str) -> Result<Expr, MathError> {
    if text.len() > MAX_LENGTH || text.chars().count() > MAX_CHARACTERS {
        return Err(MathError::new(
            0,
            format!("the expression is longer than {MAX_CHARACTERS} characters"),
        ));
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("SELECT") {
        return Err(MathError::needing_aws(
            0,
            "a SELECT query needs Metrics Insights and has no local meaning",
        ));
    }
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        end: text.len(),
        nesting: 0,
    };
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => {
            let found = token.describe();
            Err(parser.error(format!("expected an operator or the end, found {found}")))
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    nesting: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn error(&self, message: impl Into<String>) -> MathError {
        MathError::new(self.position(), message)
    }

    /// Takes the sign if it is next.
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), MathError> {
        if self.take(sign) {
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_owned(), Token::describe);
        Err(self.error(format!("expected `{sign}`, found {found}")))
    }

    /// An expression whose operators bind at least so strongly.
    fn expression(&mut self, least: u8) -> Result<Expr, MathError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error(format!(
                "the expression is nested deeper than {MAX_NESTING}"
            )));
        }
        self.nesting += 1;
        let mut left = self.operand()?;
        while let Some(Token::Sign(sign)) = self.peek() {
            let Some((operator, binds)) = Operator::of(sign) else {
                break;
            };
            if binds < least {
                break;
            }
            self.next += 1;
            // 2^3^2 is 2^(3^2), every other operator goes from left to right.
            let right = self.expression(if operator == Operator::Power {
                binds
            } else {
                binds + 1
            })?;
            left = node(
                left.at,
                Kind::Binary(operator, Box::new(left), Box::new(right)),
            )?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// A number, a text, a name, a call, an array or something in parentheses.
    fn operand(&mut self) -> Result<Expr, MathError> {
        let at = self.position();
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("expected a metric, a number or a function, found the end"));
        };
        self.next += 1;
        match token {
            Token::Number(number) => node(at, Kind::Number(number)),
            Token::Text(text) => node(at, Kind::Text(text)),
            Token::Sign("-") => {
                let inner = self.expression(NEGATE_BINDS)?;
                node(at, Kind::Negate(Box::new(inner)))
            }
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                let parts = self.list("]")?;
                node(at, Kind::Array(parts))
            }
            Token::Name(name) if self.take("(") => {
                let function = Function::find(&name, at)?;
                let arguments = self.list(")")?;
                node(at, Kind::Call(function, arguments))
            }
            Token::Name(name) => node(at, Kind::Name(name)),
            Token::Sign(sign) => Err(MathError::new(
                at,
                format!("expected a metric, a number or a function, found `{sign}`"),
            )),
        }
    }

    /// Expressions with commas between them, up to the closing sign.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, MathError> {
        let mut parts = Vec::new();
        if self.take(close) {
            return Ok(parts);
        }
        loop {
            parts.push(self.expression(0)?);
            if self.take(close) {
                return Ok(parts);
            }
            if !self.take(",") {
                let found = self.peek().map_or("the end".to_owned(), Token::describe);
                return Err(self.error(format!("expected `,` or `{close}`, found {found}")));
            }
        }
    }
}

/// A node whose depth is still allowed.
fn node(at: usize, kind: Kind) -> Result<Expr, MathError> {
    let below = match &kind {
        Kind::Number(_) | Kind::Text(_) | Kind::Name(_) => 0,
        Kind::Array(parts) | Kind::Call(_, parts) => {
            parts.iter().map(|p| p.depth).max().unwrap_or(0)
        }
        Kind::Negate(inner) => inner.depth,
        Kind::Binary(_, left, right) => left.depth.max(right.depth),
    };
    if below >= MAX_DEPTH {
        return Err(MathError::new(
            at,
            format!("the expression has more than {MAX_DEPTH} levels"),
        ));
    }
    Ok(Expr {
        at,
        depth: below + 1,
        kind,
    })
}
