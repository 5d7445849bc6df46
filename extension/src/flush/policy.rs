//! When points leave.

/// When points leave, where Lambda announces each invocation. On Managed
/// Instances, which announces none, the timer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// At the end of every invocation: nothing recorded waits for a thaw.
    #[default]
    End,
}

impl Policy {
    /// Whether the end of an invocation is the moment to flush.
    #[must_use]
    pub fn flushes_at_the_end(self) -> bool {
        match self {
            Self::End => true,
        }
    }
}
