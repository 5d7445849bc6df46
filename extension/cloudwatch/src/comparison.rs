//! The comparisons that filters of lines and of traces have in common.

/// How a value that was found stands to the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Longer ones first: `<=` begins with `<`.
    pub(crate) const SIGNS: [(&str, Comparison); 6] = [
        ("!=", Comparison::Unequal),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];

    pub(crate) fn holds<T: PartialOrd>(self, found: T, wanted: T) -> bool {
        match self {
            Comparison::Equal => found == wanted,
            Comparison::Unequal => found != wanted,
            Comparison::Less => found < wanted,
            Comparison::LessOrEqual => found <= wanted,
            Comparison::Greater => found > wanted,
            Comparison::GreaterOrEqual => found >= wanted,
        }
    }

    /// Whether it asks for no order.
    pub(crate) fn is_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::Unequal)
    }
}
