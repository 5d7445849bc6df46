//! What the process brings along: its output handles, whether they are terminals, and
//! the few environment variables obs looks at. Read once, here.

use std::io::{BufRead, IsTerminal, Stderr, Stdout, Write};
use std::path::PathBuf;

use obs_deploy::source::problem::Paint;

/// The process's surroundings.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Results go here.
    pub(crate) out: Stdout,
    /// Progress, questions and failures go here.
    pub(crate) err: Stderr,
    /// Whether stdin and stderr are a person at a terminal.
    pub(crate) interactive: bool,
    /// Whether results may carry colours.
    pub(crate) colour_out: bool,
    /// Whether reports of failures may carry colours.
    pub(crate) colour_err: bool,
    /// `AWS_ENDPOINT_URL`, when set and not empty.
    pub(crate) endpoint: Option<String>,
    /// Whether `AWS_ACCESS_KEY_ID` is set.
    pub(crate) has_access_key: bool,
    /// `GITHUB_STEP_SUMMARY`: the file in which a GitHub Actions job collects its summary.
    pub(crate) step_summary: Option<PathBuf>,
    /// Folder of this program.
    #[cfg(feature = "dev")]
    pub(crate) beside: Option<PathBuf>,
}

impl Surroundings {
    /// Of the running process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this program reads its environment"
    )]
    pub(crate) fn of_this_process() -> Surroundings {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        // https://no-color.org and https://bixense.com/clicolors: NO_COLOR comes first.
        let colour = |terminal: bool| match set("NO_COLOR") {
            Some(_) => false,
            None if forced => true,
            None => terminal && set("TERM").as_deref() != Some("dumb"),
        };
        let (out, err) = (std::io::stdout(), std::io::stderr());
        Surroundings {
            interactive: std::io::stdin().is_terminal() && err.is_terminal(),
            colour_out: colour(out.is_terminal()),
            colour_err: colour(err.is_terminal()),
            endpoint: set("AWS_ENDPOINT_URL"),
            has_access_key: set("AWS_ACCESS_KEY_ID").is_some(),
            step_summary: set("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            #[cfg(feature = "dev")]
            beside: std::env::current_exe()
                .ok()
                .and_then(|program| program.parent().map(PathBuf::from)),
            out,
            err,
        }
    }

    /// How reports of problems are painted.
    pub(crate) fn paint(&self) -> Paint {
        match self.colour_err {
            true => Paint::Colour,
            false => Paint::Plain,
        }
    }

    /// Milliseconds since 1970.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this program reads the clock"
    )]
    pub(crate) fn now_ms(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is as good as one at it.
        since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// Asks a yes-or-no question; anything but yes is no.
    pub(crate) fn ask(&mut self, question: &str) -> std::io::Result<bool> {
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }
}
