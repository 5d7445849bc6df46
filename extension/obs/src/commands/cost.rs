//! `obs cost`: what the alarms and dashboards of the files come to in a month. Looks
//! at no account.

use std::io::Write;

use obs_deploy::plan::Bill;
use obs_deploy::plan::cost::Cents;

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

pub(crate) fn run(project: &Project, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    for resolved in project::load(project, surroundings)? {
        let desired = resolved.desired;
        let bill = Bill::of(&desired.all_alarms(), desired.dashboards.len());
        let out = &mut surroundings.out;
        writeln!(
            out,
            "{} in {}",
            desired.target.project, desired.target.environment
        )?;
        for (what, count, each) in bill.lines() {
            let all = Cents(count * each.0);
            writeln!(out, "{count:>7} {what:<33} at {each:>5}  {all:>9}")?;
        }
        writeln!(
            out,
            "{:>7} {:<33}           {:>9} a month",
            "",
            "",
            bill.month()
        )?;
    }
    writeln!(
        surroundings.out,
        "List prices of us-east-1; ten alarm metrics and three dashboards of an account are free."
    )?;
    Ok(exit::OK)
}
