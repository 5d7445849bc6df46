//! `obs drift`: where the account is not as the files say, and whose doing it is.

use std::fmt::Write as _;
use std::io::Write as _;

use obs_deploy::plan::{Action, Adopt, Hands, Plan, Step};
use obs_deploy::value::counted;
use serde_json::{Value, json};

use crate::args::{Format, Project};
use crate::exit::{self, Failure};
use crate::project::{self, annotation};
use crate::surroundings::Surroundings;

/// Arguments of `drift`.
#[derive(Debug, clap::Args)]
pub(crate) struct Drift {
    #[command(flatten)]
    project: Project,
    /// How the differences are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Whose doing a difference is.
struct Cause {
    /// For programs.
    name: &'static str,
    words: &'static str,
    /// How it is known by its step.
    is: fn(&Step) -> bool,
}

const CAUSES: [Cause; 4] = [
    Cause {
        name: "by_hand",
        words: "changed by hand since the last apply",
        is: |step| step.hands == Hands::On,
    },
    Cause {
        name: "missing",
        words: "missing: deleted by hand, or not applied yet",
        is: |step| step.action == Action::Create,
    },
    Cause {
        name: "older",
        words: "older than the files",
        is: |step| step.hands == Hands::Off && step.action == Action::Update,
    },
    Cause {
        name: "gone",
        words: "not in the files any more",
        is: |step| step.hands == Hands::Off && step.action == Action::Delete,
    },
];

pub(crate) fn run(args: &Drift, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let resolved = project::load(&args.project, surroundings)?;
    let desired = resolved.into_iter().map(|one| one.desired).collect();
    let planned =
        project::runtime()?.block_on(project::plan(desired, &Adopt::nothing(), surroundings))?;
    let plans = planned.iter().map(|one| &one.saved.plan);
    let text: String = plans
        .clone()
        .map(|plan| match args.format {
            Format::Text => text(plan),
            Format::Json => format!("{}\n", object(plan)),
            Format::Markdown => markdown(plan),
            Format::Github => markdown(plan) + &annotations(plan),
        })
        .collect();
    write!(surroundings.out, "{text}")?;
    surroundings.out.flush()?;
    Ok(match plans.clone().all(Plan::is_empty) {
        true => exit::OK,
        false => exit::DIFFERENCES,
    })
}

/// The differences by their cause; causes of none are left out.
fn sorted(plan: &Plan) -> impl Iterator<Item = (&'static Cause, Vec<&Step>)> {
    CAUSES.iter().filter_map(|cause| {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| (cause.is)(step)).collect();
        (!steps.is_empty()).then_some((cause, steps))
    })
}

/// What a step would change; what comes or goes as a whole has no details here.
fn told(plan: &Plan, step: &Step) -> Vec<String> {
    match step.action {
        Action::Update => step
            .changes
            .iter()
            .map(|change| plan.told(change))
            .collect(),
        _ => Vec::new(),
    }
}

fn as_the_files_say(plan: &Plan) -> String {
    format!("as the files say: {}", counted(plan.unchanged, "resource"))
}

fn text(plan: &Plan) -> String {
    let mut text = format!("{} in {}\n", plan.target.project, plan.target.environment);
    // Writing into a String cannot fail.
    for (cause, steps) in sorted(plan) {
        let _ = writeln!(text, "  {}:", cause.words);
        for step in steps {
            let _ = writeln!(text, "    {}", step.title());
            for change in told(plan, step) {
                let _ = writeln!(text, "      {change}");
            }
        }
    }
    if plan.is_empty() {
        let _ = writeln!(text, "  {}", as_the_files_say(plan));
    }
    text
}

fn object(plan: &Plan) -> Value {
    let drift = sorted(plan).flat_map(|(cause, steps)| {
        steps.into_iter().map(|step| {
            json!({
                "cause": cause.name,
                "kind": step.kind.word(),
                "name": step.name,
                "changes": step.changes,
            })
        })
    });
    json!({
        "project": plan.target.project,
        "environment": plan.target.environment,
        "account": plan.target.account,
        "region": plan.target.region,
        "drift": drift.collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
    })
}

fn markdown(plan: &Plan) -> String {
    let mut text = format!(
        "### {} in {}\n\n",
        plan.target.project, plan.target.environment
    );
    for (cause, steps) in sorted(plan) {
        let _ = writeln!(text, "**{}**\n\n```", cause.words);
        for step in steps {
            let _ = writeln!(text, "{}", step.title());
            for change in told(plan, step) {
                // A fence inside the text would end the block.
                let _ = writeln!(text, "  {}", change.replace("```", "'''"));
            }
        }
        let _ = writeln!(text, "```\n");
    }
    if plan.is_empty() {
        let _ = writeln!(text, "{}\n", as_the_files_say(plan));
    }
    text
}

fn annotations(plan: &Plan) -> String {
    let steps = sorted(plan).flat_map(|(cause, steps)| {
        let told = move |step: &Step| annotation(&format!("{}: {}", step.title(), cause.words));
        steps.into_iter().map(told)
    });
    steps.collect()
}
