//! `obs drift`: where the account is not as the files say, and whose doing it is.

use std::io::Write;

use obs_deploy::plan::{Action, Adopt, Hands, Step};
use obs_deploy::value::counted;

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Whose doing a difference is, and how it is known by its step.
type Cause = (&'static str, fn(&Step) -> bool);

const CAUSES: [Cause; 4] = [
    ("changed by hand since the last apply", |step| {
        step.hands == Hands::On
    }),
    ("missing: deleted by hand, or not applied yet", |step| {
        step.action == Action::Create
    }),
    ("older than the files", |step| {
        step.hands == Hands::Off && step.action == Action::Update
    }),
    ("not in the files any more", |step| {
        step.hands == Hands::Off && step.action == Action::Delete
    }),
];

pub(crate) fn run(project: &Project, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let resolved = project::load(project, surroundings)?;
    let desired = resolved.into_iter().map(|one| one.desired).collect();
    let planned =
        project::runtime()?.block_on(project::plan(desired, &Adopt::nothing(), surroundings))?;
    let mut differences = false;
    for one in &planned {
        let plan = &one.saved.plan;
        let target = &plan.target;
        let out = &mut surroundings.out;
        writeln!(out, "{} in {}", target.project, target.environment)?;
        for (cause, is) in CAUSES {
            let steps: Vec<&Step> = plan.steps.iter().filter(|step| is(step)).collect();
            if steps.is_empty() {
                continue;
            }
            writeln!(out, "  {cause}:")?;
            for step in steps {
                writeln!(out, "    {}", step.title())?;
                if step.action == Action::Update {
                    for change in &step.changes {
                        writeln!(out, "      {}", plan.told(change))?;
                    }
                }
            }
        }
        differences |= !plan.is_empty();
        if plan.is_empty() {
            let resources = counted(plan.unchanged, "resource");
            writeln!(out, "  as the files say: {resources}")?;
        }
    }
    Ok(match differences {
        true => exit::DIFFERENCES,
        false => exit::OK,
    })
}
