//! A report to read. Same report, same bytes.

use std::fmt::{self, Write};

use serde::Serialize;

use super::report::{Report, Tally};
use super::{Finding, Remedy};
use crate::github::message;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text: the score, then the way, rule by rule, the largest gain first.
    Text,
    /// One JSON object on a line: `title`, `score`, `rules` (`rule`, `met`, `points`,
    /// `of`, `findings` with `subject`, `what`, `remedy`, `gain`, and `unknown` with
    /// `subject` and `why`), `remarks`.
    Json,
    /// GitHub's Markdown: a table of the rules, the findings folded.
    Markdown,
    /// Markdown, and each finding as an annotation of a GitHub Actions job.
    Github,
}

impl Report {
    /// Writes the report.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn render<W: Write>(&self, out: &mut W, style: Style) -> fmt::Result {
        match style {
            Style::Text => text(self, out),
            Style::Json => json(self, out),
            Style::Markdown => markdown(self, out),
            Style::Github => {
                markdown(self, out)?;
                annotations(self, out)
            }
        }
    }
}

fn text<W: Write>(report: &Report, out: &mut W) -> fmt::Result {
    writeln!(out, "{}: {:.1} % ready", report.title, report.score())?;
    let mut reached = report.tallies.iter().map(|tally| tally.points).sum::<f64>();
    for tally in report.way() {
        reached += tally.gain();
        writeln!(out, "\n{}, to {reached:.1} %", head(tally))?;
        for (remedy, findings) in remedies(tally) {
            for finding in findings {
                let (gain, subject) = (finding.gain, &finding.subject);
                writeln!(out, "  {gain:+.1}  {subject}: {}", finding.what)?;
            }
            writeln!(out, "        {remedy}")?;
        }
    }
    unknown(report, out)?;
    for remark in &report.remarks {
        writeln!(out, "note: {remark}")?;
    }
    Ok(())
}

/// The findings by what mends them, in the order of their first.
fn remedies(tally: &Tally) -> Vec<(&Remedy, Vec<&Finding>)> {
    let mut all: Vec<(&Remedy, Vec<&Finding>)> = Vec::new();
    for finding in &tally.findings {
        match all
            .iter_mut()
            .find(|(remedy, _)| **remedy == finding.remedy)
        {
            Some((_, findings)) => findings.push(finding),
            None => all.push((&finding.remedy, vec![finding])),
        }
    }
    all
}

/// `+5.3 tracing: 2 of 6 functions that X-Ray traces`.
fn head(tally: &Tally) -> String {
    format!(
        "{:+.1} {}: {} of {} {}",
        tally.gain(),
        tally.rule.name(),
        tally.met,
        tally.met + tally.findings.len(),
        tally.rule.counts()
    )
}

/// What counts neither way, a line a rule and reason.
fn unknown<W: Write>(report: &Report, out: &mut W) -> fmt::Result {
    for (at, tally) in report
        .tallies
        .iter()
        .filter(|it| !it.unknown.is_empty())
        .enumerate()
    {
        if at == 0 {
            writeln!(out, "\nnot known, and counted neither way:")?;
        }
        for (why, subjects) in reasons(tally) {
            writeln!(
                out,
                "  {}: {} ({why})",
                tally.rule.name(),
                subjects.join(", ")
            )?;
        }
    }
    Ok(())
}

/// Subjects by the reason why nothing is known of them, in the order of the reasons.
fn reasons(tally: &Tally) -> std::collections::BTreeMap<&str, Vec<&str>> {
    let mut reasons: std::collections::BTreeMap<&str, Vec<&str>> = Default::default();
    for (subject, why) in &tally.unknown {
        reasons.entry(why).or_default().push(subject);
    }
    reasons
}

fn markdown<W: Write>(report: &Report, out: &mut W) -> fmt::Result {
    writeln!(out, "### {}: {:.1} % ready\n", report.title, report.score())?;
    writeln!(out, "| rule | | points | of |")?;
    writeln!(out, "|---|---|--:|--:|")?;
    for tally in report.tallies.iter().filter(|tally| tally.of > 0.0) {
        let (met, all) = (tally.met, tally.met + tally.findings.len());
        writeln!(
            out,
            "| {} | {met} of {all} {} | {:.1} | {:.1} |",
            tally.rule.name(),
            tally.rule.counts(),
            tally.points,
            tally.of
        )?;
    }
    for tally in report.way() {
        writeln!(out, "\n<details><summary>{}</summary>\n", head(tally))?;
        for (remedy, findings) in remedies(tally) {
            for finding in findings {
                let what = format!("{}: {}", finding.subject, finding.what);
                writeln!(out, "- {:+.1} {}", finding.gain, escaped(&what))?;
            }
            // A backtick in the remedy would end the code.
            writeln!(out, "  `{}`", remedy.to_string().replace('`', "'"))?;
        }
        writeln!(out, "\n</details>")?;
    }
    let mut rest = String::new();
    unknown(report, &mut rest)?;
    for remark in &report.remarks {
        writeln!(rest, "\n{remark}")?;
    }
    match rest.is_empty() {
        true => Ok(()),
        false => writeln!(
            out,
            "{}",
            escaped(rest.trim_end())
                .replace("\n  ", "\n- ")
                .replace(":\n- ", ":\n\n- ")
        ),
    }
}

/// Text that stays text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn annotations<W: Write>(report: &Report, out: &mut W) -> fmt::Result {
    for tally in report.way() {
        for finding in &tally.findings {
            let file = match &finding.remedy {
                Remedy::Write { file, .. } => format!("file={file},"),
                Remedy::Run { .. } | Remedy::Do { .. } => String::new(),
            };
            let text = format!(
                "{}: {} ({:+.1}); {}",
                finding.subject, finding.what, finding.gain, finding.remedy
            );
            writeln!(
                out,
                "::notice {file}title=obs readiness {}::{}",
                tally.rule.name(),
                message(&text)
            )?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct ReportView<'a> {
    title: &'a str,
    score: f64,
    rules: Vec<TallyView<'a>>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct TallyView<'a> {
    rule: &'a str,
    met: usize,
    points: f64,
    of: f64,
    findings: Vec<FindingView<'a>>,
    unknown: Vec<UnknownView<'a>>,
}

#[derive(Serialize)]
struct FindingView<'a> {
    subject: &'a str,
    what: &'a str,
    remedy: RemedyView<'a>,
    gain: f64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RemedyView<'a> {
    Write {
        file: &'a str,
        key: &'a str,
        value: &'a str,
    },
    Run {
        command: &'a str,
    },
    Do {
        what: &'a str,
    },
}

#[derive(Serialize)]
struct UnknownView<'a> {
    subject: &'a str,
    why: &'a str,
}

impl<'a> From<&'a Finding> for FindingView<'a> {
    fn from(finding: &'a Finding) -> FindingView<'a> {
        FindingView {
            subject: &finding.subject,
            what: &finding.what,
            remedy: match &finding.remedy {
                Remedy::Write { file, key, value } => RemedyView::Write { file, key, value },
                Remedy::Run { command } => RemedyView::Run { command },
                Remedy::Do { what } => RemedyView::Do { what },
            },
            gain: thousandths(finding.gain),
        }
    }
}

/// For people and for bytes that stay the same on every machine.
fn thousandths(points: f64) -> f64 {
    (points * 1000.0).round() / 1000.0
}

fn json<W: Write>(report: &Report, out: &mut W) -> fmt::Result {
    let rules = report.tallies.iter().map(|tally| TallyView {
        rule: tally.rule.name(),
        met: tally.met,
        points: thousandths(tally.points),
        of: thousandths(tally.of),
        findings: tally.findings.iter().map(FindingView::from).collect(),
        unknown: tally
            .unknown
            .iter()
            .map(|(subject, why)| UnknownView { subject, why })
            .collect(),
    });
    let view = ReportView {
        title: &report.title,
        score: report.score(),
        rules: rules.collect(),
        remarks: &report.remarks,
    };
    let text = serde_json::to_string(&view).map_err(|_| fmt::Error)?;
    writeln!(out, "{text}")
}
