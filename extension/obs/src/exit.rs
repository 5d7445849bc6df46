//! Exit codes, and failures that lead to them.

/// All is well: done, or nothing to do.
pub(crate) const OK: u8 = 0;
/// Something failed: the account, the network, a port, a test of an alarm, a score below its
/// minimum.
pub(crate) const FAILURE: u8 = 1;
/// Arguments or files are wrong; nothing was written anywhere.
pub(crate) const INVALID: u8 = 2;
/// `plan --detailed-exitcode` or `drift` found differences, `iam check` a policy that is
/// not the least.
pub(crate) const DIFFERENCES: u8 = 3;
/// `gate` saw an alarm fire.
pub(crate) const CLOSED: u8 = 4;

/// Shown under `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done, or nothing to do
  1  failure: the account, the network, a port, a test of an alarm, `readiness --minimum`
  2  arguments or files are wrong; nothing was written anywhere
  3  `plan --detailed-exitcode`, `drift` or `iam check` found differences
  4  `gate` saw an alarm fire";

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A ready report on the files.
    Report(String),
    /// The arguments do not go together.
    Usage(String),
    /// One sentence that names the remedy.
    Sentence(String),
    /// Whoever read the output went away, as `head` does: nothing is to be said.
    Unread,
}

impl Failure {
    /// The exit code it leads to.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Report(_) | Failure::Usage(_) => INVALID,
            Failure::Sentence(_) | Failure::Unread => FAILURE,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::Sentence(format!("cannot write the output: {error}")),
        }
    }
}
