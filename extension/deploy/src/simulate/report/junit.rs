//! JUnit's XML, as CI services read it: a suite a file and environment, a case a test.
//!
//! Nobody owns the format; Jenkins' schema (`junit-10.xsd`) is the strictest in use. It
//! knows no attribute for a case's file and line: a failure's text has them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{body, headline};
use super::{Outcome, Report};

/// All environments' tests as one document.
pub fn junit(reports: &[Report<'_>]) -> String {
    let tests: usize = reports.iter().map(|report| report.outcomes.len()).sum();
    let failed: usize = reports.iter().map(Report::failed).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"obs test\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
    );
    for report in reports {
        suites(&mut out, report);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suites(out: &mut String, report: &Report<'_>) {
    let mut files: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in &report.outcomes {
        let file = report.place(outcome.span).file;
        files.entry(file).or_default().push(outcome);
    }
    for (file, outcomes) in files {
        let failed = outcomes.iter().filter(|it| !it.misses.is_empty()).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">",
            escape(&format!("{}: {file}", report.environment)),
            outcomes.len()
        );
        for outcome in outcomes {
            case(out, report, outcome);
        }
        out.push_str("  </testsuite>\n");
    }
}

fn case(out: &mut String, report: &Report<'_>, outcome: &Outcome) {
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\"",
        escape(&outcome.name),
        escape(&format!("{}.{}", report.project, report.environment)),
    );
    if outcome.misses.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    // JUnit knows one failure a case: its message is the first, its text is all.
    let message = outcome.misses.first().map(headline).unwrap_or_default();
    let text: String = outcome
        .misses
        .iter()
        .map(|miss| {
            let place = report.place(miss.span);
            format!("{place}: {}\n{}", headline(miss), body(miss))
        })
        .collect();
    let _ = writeln!(
        out,
        "      <failure type=\"expectation\" message=\"{}\">{}</failure>\n    </testcase>",
        escape(&message),
        escape(&text)
    );
}

/// Text for an attribute or an element. Characters that XML 1.0 cannot hold at all are
/// replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
