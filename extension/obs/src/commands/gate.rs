//! `obs gate`: holds a deployment back until its alarms have been quiet for a while.

use std::fs::OpenOptions;
use std::io::Write;

use obs_deploy::account::Reads;
use obs_deploy::gate::{Gate, Verdict};
use obs_deploy::model::Target;
use obs_deploy::source::near;
use obs_deploy::value::{Duration, counted};

use crate::args::{Project, duration};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    project: Project,
    /// Watch these alarms [default: all of the files]
    #[arg(long = "alarm", value_name = "NAME", value_delimiter = ',')]
    alarms: Vec<String>,
    /// How long they have to be quiet
    #[arg(long = "for", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    bake: Duration,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    every: Duration,
    /// Print the same gate as a CodeDeploy deployment group's alarmConfiguration, and look at nothing
    #[arg(long)]
    codedeploy: bool,
}

pub(crate) fn run(args: &Arguments, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut resolved = project::load(&args.project, surroundings)?;
    let desired = match (resolved.pop(), resolved.is_empty()) {
        (Some(one), true) => one.desired,
        _ => return Err(Failure::Usage("a gate watches one environment".to_owned())),
    };
    let alarms: Vec<String> = desired
        .all_alarms()
        .iter()
        .map(|alarm| alarm.name().to_owned())
        .collect();
    let names = match args.alarms.is_empty() {
        false => args.alarms.clone(),
        true => alarms.clone(),
    };
    if names.is_empty() {
        return Err(Failure::Usage(format!(
            "there is no alarm to watch in {}: a gate over nothing is always open; name some with `--alarm`",
            desired.target.environment
        )));
    }
    let gate = Gate::new(names, args.bake.std());
    if args.codedeploy {
        let configuration = gate.codedeploy().map_err(Failure::Usage)?;
        writeln!(surroundings.out, "{configuration:#}")?;
        return Ok(exit::OK);
    }
    let verdict = project::runtime()?.block_on(watch(
        &gate,
        &desired.target,
        args.every.std(),
        surroundings,
    ))?;
    let known: Vec<&str> = alarms.iter().map(String::as_str).collect();
    tell(&verdict, &known, args, surroundings)
}

/// Looks again and again until there is something to say.
async fn watch(
    gate: &Gate,
    target: &Target,
    every: std::time::Duration,
    surroundings: &mut Surroundings,
) -> Result<Verdict, Failure> {
    let account = project::connect(target, surroundings).await?;
    let names = gate.names();
    writeln!(
        surroundings.err,
        "Watching {}.",
        counted(names.len(), "alarm")
    )?;
    let began = tokio::time::Instant::now();
    loop {
        let states = account.states(&names).await.map_err(project::sentence)?;
        match gate.look(began.elapsed(), &states) {
            Verdict::Watching { left } => tokio::time::sleep(every.min(left)).await,
            verdict => return Ok(verdict),
        }
    }
}

fn tell(
    verdict: &Verdict,
    known: &[&str],
    args: &Arguments,
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    let bake = &args.bake;
    let (code, text) = match verdict {
        Verdict::Closed { firing } => {
            let lines: String = firing
                .iter()
                .map(|(name, reason)| format!("- {name}: {reason}\n"))
                .collect();
            (
                exit::CLOSED,
                format!("Gate closed: an alarm fires.\n{lines}"),
            )
        }
        Verdict::Missing { names } => {
            let near = match &names[..] {
                [one] => near::nearest(one, known.iter().copied().filter(|known| known != one)),
                _ => None,
            };
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            return Err(Failure::Sentence(format!(
                "the account has no alarm {}: apply the files first, or name others with `--alarm`{}",
                names.join(", "),
                near.unwrap_or_default()
            )));
        }
        Verdict::Open | Verdict::Watching { .. } => {
            (exit::OK, format!("Gate open: nothing fired for {bake}.\n"))
        }
    };
    write!(surroundings.out, "{text}")?;
    if let Some(path) = &surroundings.step_summary {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| write!(file, "### obs gate\n\n{text}\n"))
            .map_err(|error| {
                Failure::Sentence(format!("cannot write {}: {error}", path.display()))
            })?;
    }
    Ok(code)
}
