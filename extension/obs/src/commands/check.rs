//! `obs check`: the files alone.

use std::io::Write;

use obs_deploy::source::problem::Paint;

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

pub(crate) fn run(project: &Project, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    for resolved in project::load(project, surroundings)? {
        if let Some(warnings) = &resolved.warnings {
            let paint = match surroundings.colour_err {
                true => Paint::Colour,
                false => Paint::Plain,
            };
            write!(surroundings.err, "{}", warnings.render(paint))?;
        }
        let desired = resolved.desired;
        let target = &desired.target;
        writeln!(
            surroundings.out,
            "{} in {}: {} topics, {} alarms, {} composite alarms, {} dashboards. No problems.",
            target.project,
            target.environment,
            desired.topics.len(),
            desired.alarms.len(),
            desired.composites.len(),
            desired.dashboards.len(),
        )?;
    }
    Ok(exit::OK)
}
