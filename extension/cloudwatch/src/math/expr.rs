//! The tree of an expression.

use super::function::Function;

/// An expression that was read. Every part knows where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// How deep the tree below it is; bounded, so walking it is safe.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Text(String),
    /// An id, or one of the keywords `REPEAT LINEAR AVG MIN MAX SUM ASC DESC`.
    Name(String),
    Array(Vec<Expr>),
    Negate(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Operator {
    /// The operator of a sign and how strongly it binds.
    pub(super) fn of(sign: &str) -> Option<(Operator, u8)> {
        Some(match sign {
            "||" => (Operator::Or, 1),
            "&&" => (Operator::And, 2),
            "==" => (Operator::Equal, 3),
            "!=" => (Operator::NotEqual, 3),
            "<" => (Operator::Less, 3),
            "<=" => (Operator::LessOrEqual, 3),
            ">" => (Operator::Greater, 3),
            ">=" => (Operator::GreaterOrEqual, 3),
            "+" => (Operator::Add, 4),
            "-" => (Operator::Subtract, 4),
            "*" => (Operator::Multiply, 5),
            "/" => (Operator::Divide, 5),
            "^" => (Operator::Power, 7),
            _ => return None,
        })
    }
}

/// How strongly the unary minus binds: more than `*`, less than `^`.
pub(super) const NEGATE_BINDS: u8 = 6;

impl Expr {
    /// The ids (and keywords) it names, in order of appearance.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.walk().filter_map(|expr| match &expr.kind {
            Kind::Name(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it calls the function with this name.
    pub fn calls(&self, function: &str) -> bool {
        self.walk()
            .any(|expr| matches!(&expr.kind, Kind::Call(found, _) if found.name() == function))
    }

    /// Whether each of its points rests on the points of the same time alone: names,
    /// numbers and operators between them.
    pub(crate) fn is_point_by_point(&self) -> bool {
        self.walk().all(|expr| {
            matches!(
                &expr.kind,
                Kind::Number(_) | Kind::Name(_) | Kind::Negate(_) | Kind::Binary(..)
            )
        })
    }

    /// Itself and every part, outermost first.
    fn walk(&self) -> impl Iterator<Item = &Expr> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let expr = waiting.pop()?;
            match &expr.kind {
                Kind::Number(_) | Kind::Text(_) | Kind::Name(_) => {}
                Kind::Array(parts) | Kind::Call(_, parts) => waiting.extend(parts.iter().rev()),
                Kind::Negate(inner) => waiting.push(inner),
                Kind::Binary(_, left, right) => waiting.extend([&**right, &**left]),
            }
            Some(expr)
        })
    }
}
