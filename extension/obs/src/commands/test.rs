//! `obs test`: what the alarms do with the series that the files' tests give them.

use std::io::Write;
use std::path::{Path, PathBuf};

use obs_deploy::simulate::Report;
use obs_deploy::simulate::report::junit;
use obs_deploy::source::problem::Paint;

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    project: Project,
    /// Only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: TestFormat,
    /// Write JUnit's XML to a file as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Fail when an alarm has no test
    #[arg(long)]
    require_tests: bool,
}

/// How the report of tests is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TestFormat {
    /// For a terminal, without colours elsewhere
    #[default]
    Text,
    /// One JSON object an environment, each on its line
    Json,
    /// JUnit's XML
    Junit,
    /// Text, with failures as annotations of a GitHub Actions job
    Github,
}

pub(crate) fn run(args: &Test, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let (resolved, files) = project::load_with_files(&args.project, surroundings)?;
    let filter = args.filter.as_deref().unwrap_or_default();
    let wanted = |name: &str| name.contains(filter);
    let reports: Vec<Report<'_>> = resolved
        .iter()
        .map(|one| Report::of(one, &files, wanted))
        .collect();
    if !filter.is_empty() && reports.iter().all(|report| report.outcomes.is_empty()) {
        return Err(Failure::Usage(format!(
            "no test's name contains `{filter}`: `obs test` shows them all"
        )));
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&reports)).map_err(|error| {
            Failure::Sentence(format!("cannot write {}: {error}", path.display()))
        })?;
    }
    show(&reports, args, surroundings)?;
    let failed = reports.iter().any(|report| report.failed() > 0);
    let untested = untested(&reports, args, surroundings)?;
    Ok(match failed || untested {
        true => exit::FAILURE,
        false => exit::OK,
    })
}

fn show(
    reports: &[Report<'_>],
    args: &Test,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let paint = match surroundings.colour_out {
        true => Paint::Colour,
        false => Paint::Plain,
    };
    let mut text = String::new();
    for report in reports {
        // Writing into a String cannot fail.
        match args.format {
            TestFormat::Text => drop(report.text(&mut text, paint)),
            TestFormat::Json => text.push_str(&format!("{}\n", report.json())),
            TestFormat::Junit => {}
            TestFormat::Github => {
                let _ = report.text(&mut text, Paint::Plain);
                text.push_str(&report.annotations(&folder(&args.project.directory)));
            }
        }
    }
    if args.format == TestFormat::Junit {
        text = junit(reports);
    }
    write!(surroundings.out, "{text}")?;
    Ok(())
}

/// The project's folder as GitHub names files; a job runs at its repository's root.
pub(super) fn folder(directory: &Path) -> String {
    let folder = directory.to_string_lossy();
    folder.strip_prefix("./").unwrap_or(&folder).to_owned()
}

/// Tells which alarms have no test when that is a failure.
fn untested(
    reports: &[Report<'_>],
    args: &Test,
    surroundings: &mut Surroundings,
) -> Result<bool, Failure> {
    let mut any = false;
    for report in reports.iter().filter(|_| args.require_tests) {
        if report.coverage.untested.is_empty() {
            continue;
        }
        any = true;
        writeln!(
            surroundings.err,
            "obs: alarms of {} without a test, which `--require-tests` asks for:\n{}",
            report.environment,
            report.untested().trim_end()
        )?;
    }
    Ok(any)
}
