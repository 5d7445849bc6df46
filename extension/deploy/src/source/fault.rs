//! What the YAML parser says, in the words of someone who writes YAML and with a remedy
//! for the slips that an `obs` file invites: `condition: > 0` begins a block of text.

use super::file::Span;
use super::problem::Problem;

/// How a fault of the parser is told.
struct Told {
    /// What its message holds.
    of: &'static str,
    /// What is said instead; `None` for the parser's own words.
    message: Option<&'static str>,
    help: &'static str,
}

const TOLD: &[Told] = &[
    Told {
        of: "recursive references",
        message: Some("an anchor stands inside of itself"),
        help: "write the value out where the alias stands",
    },
    Told {
        of: "budget breached: Depth",
        message: Some("this is nested deeper than any entry of a project"),
        help: "look for a bracket that is never closed",
    },
    Told {
        of: "recursion limit",
        message: Some("this is nested deeper than any entry of a project"),
        help: "look for a bracket that is never closed",
    },
    // Anchors that multiply, or a file of millions of values.
    Told {
        of: "budget breached",
        message: Some("the file holds more than can be read, its aliases written out"),
        help: "use fewer aliases, or part the file",
    },
    Told {
        of: "multiple YAML documents",
        message: Some("a second document begins here"),
        help: "put it into a file of its own",
    },
    Told {
        of: "scanning a block scalar",
        message: None,
        help: "`>` begins a block of text in YAML: put a condition in quotes, as in `condition: \"> 0\"`",
    },
    Told {
        of: "mapping values are not allowed",
        message: None,
        help: "put a text that holds `: ` in quotes, or look at the indentation",
    },
    Told {
        of: "unknown anchor",
        message: None,
        help: "put a text that begins with `*` in quotes",
    },
    Told {
        of: "tabs disallowed",
        message: None,
        help: "indent with spaces",
    },
    Told {
        of: "did not find expected '-' indicator",
        message: None,
        help: "indent it as far as the lines it belongs to",
    },
    Told {
        of: "did not find expected key",
        message: None,
        help: "indent it as far as the lines it belongs to",
    },
];

/// The problem of a file that is no YAML, from the parser's message.
pub(super) fn problem(span: Span, message: &str) -> Problem {
    let Some(told) = TOLD.iter().find(|told| message.contains(told.of)) else {
        return Problem::at(span, format!("not YAML: {message}"));
    };
    let problem = match told.message {
        Some(message) => Problem::at(span, message),
        None => Problem::at(span, format!("not YAML: {message}")),
    };
    problem.help(told.help)
}
