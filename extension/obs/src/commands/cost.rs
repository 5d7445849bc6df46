//! `obs cost`: what the alarms and dashboards of the files come to in a month. Looks
//! at no account.

use std::io::Write;

use obs_deploy::model::Target;
use obs_deploy::plan::Bill;
use obs_deploy::plan::cost::Cents;
use serde_json::json;

use crate::args::{Format, Project};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `cost`.
#[derive(Debug, clap::Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    project: Project,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const TERMS: &str =
    "List prices of us-east-1; ten alarm metrics and three dashboards of an account are free.";

pub(crate) fn run(args: &Cost, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut text = String::new();
    for resolved in project::load(&args.project, surroundings)? {
        let desired = resolved.desired;
        let bill = Bill::of(&desired.all_alarms(), desired.dashboards.len());
        text.push_str(&match args.format {
            Format::Text => lines(&desired.target, &bill),
            Format::Json => format!("{}\n", object(&desired.target, &bill)),
            Format::Markdown | Format::Github => table(&desired.target, &bill),
        });
    }
    match args.format {
        Format::Text => text.push_str(&format!("{TERMS}\n")),
        Format::Json => {}
        Format::Markdown | Format::Github => text.push_str(&format!("{TERMS}\n\n")),
    }
    write!(surroundings.out, "{text}")?;
    Ok(exit::OK)
}

fn lines(target: &Target, bill: &Bill) -> String {
    let mut text = format!("{} in {}\n", target.project, target.environment);
    for (what, count, each) in bill.lines() {
        let all = Cents(count * each.0);
        text.push_str(&format!("{count:>7} {what:<33} at {each:>5}  {all:>9}\n"));
    }
    let month = bill.month();
    text.push_str(&format!(
        "{:>7} {:<33}           {month:>9} a month\n",
        "", ""
    ));
    text
}

fn table(target: &Target, bill: &Bill) -> String {
    let mut text = format!(
        "### {} in {}\n\n| what | how many | each | a month |\n|---|--:|--:|--:|\n",
        target.project, target.environment
    );
    for (what, count, each) in bill.lines() {
        let all = Cents(count * each.0);
        text.push_str(&format!("| {what} | {count} | {each} | {all} |\n"));
    }
    text.push_str(&format!("| **all** | | | **{}** |\n\n", bill.month()));
    text
}

/// Prices are US cents: whole numbers add up.
fn object(target: &Target, bill: &Bill) -> serde_json::Value {
    let lines = bill.lines().map(|(what, count, each)| {
        json!({ "what": what, "count": count, "each_cents": each.0, "month_cents": count * each.0 })
    });
    json!({
        "project": target.project,
        "environment": target.environment,
        "lines": lines,
        "month_cents": bill.month().0,
    })
}
