//! `obs readiness`: how ready the project is to be run, why, and what to do next.

use std::io::Write as _;

use obs_deploy::readiness::{Facts, Known, Style, assess, look};
use obs_deploy::resolve::Resolved;

use crate::args::{Format, Project};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `readiness`.
#[derive(Debug, clap::Args)]
pub(crate) struct Readiness {
    #[command(flatten)]
    project: Project,
    /// Look at the account, too: traces, log groups, lines, subscriptions, error budgets
    #[arg(long)]
    account: bool,
    /// Exit with 1 when the score is below, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = score, allow_negative_numbers = true)]
    minimum: Option<f64>,
    /// How the score is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(args: &Readiness, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let all = project::load(&args.project, surroundings)?;
    let style = match args.format {
        Format::Text => Style::Text,
        Format::Json => Style::Json,
        Format::Markdown => Style::Markdown,
        Format::Github => Style::Github,
    };
    let mut enough = true;
    for (index, resolved) in all.iter().enumerate() {
        let facts = match args.account {
            true => Some(facts(resolved, surroundings)?),
            false => None,
        };
        let mut report = assess(resolved, facts.as_ref());
        report.remarks = facts.iter().flat_map(budgets).collect();
        let mut text = String::new();
        if index > 0 && args.format != Format::Json {
            text.push('\n');
        }
        // Writing into a String cannot fail.
        let _ = report.render(&mut text, style);
        surroundings.out.write_all(text.as_bytes())?;
        if let Some(minimum) = args.minimum
            && report.score() < minimum
        {
            enough = false;
            writeln!(
                surroundings.err,
                "obs: {} is {:.1} % ready, and {minimum} % are asked for",
                report.title,
                report.score()
            )?;
        }
    }
    Ok(match enough {
        true => exit::OK,
        false => exit::FAILURE,
    })
}

fn facts(resolved: &Resolved, surroundings: &Surroundings) -> Result<Facts, Failure> {
    let now_ms = surroundings.now_ms();
    project::runtime()?.block_on(async {
        let account = project::connect(&resolved.desired.target, surroundings).await?;
        look::look(&account, resolved, now_ms)
            .await
            .map_err(project::sentence)
    })
}

/// What each objective has left.
fn budgets(facts: &Facts) -> Vec<String> {
    let known = facts
        .budgets
        .iter()
        .filter_map(|(name, budget)| match budget {
            Known::Yes(budget) => Some(format!("{name}: {budget}")),
            Known::No(_) => None,
        });
    known.collect()
}

fn score(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    match number.parse::<f64>() {
        Ok(score) if (0.0..=100.0).contains(&score) => Ok(score),
        _ => Err("expected a number from 0 to 100".to_owned()),
    }
}
