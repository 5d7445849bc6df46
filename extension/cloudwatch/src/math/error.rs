//! What is wrong with an expression, and where.

/// Why an expression cannot be read, checked or evaluated; reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {}: {message}", position + 1)]
pub struct MathError {
    position: usize,
    message: String,
    needs_aws: bool,
}

impl MathError {
    pub(crate) fn new(position: usize, message: impl Into<String>) -> Self {
        Self {
            position,
            message: message.into(),
            needs_aws: false,
        }
    }

    /// A refusal of what is right, but only AWS can compute.
    pub(super) fn needing_aws(position: usize, message: impl Into<String>) -> Self {
        Self {
            needs_aws: true,
            ..Self::new(position, message)
        }
    }

    /// Whether AWS would take the expression: it is refused only because what it
    /// asks for exists nowhere else.
    pub fn needs_aws(&self) -> bool {
        self.needs_aws
    }

    /// Where it is, in bytes from the start of the expression.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What was found and what was expected, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}
