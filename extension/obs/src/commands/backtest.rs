//! `obs backtest`: the account's past under the alarms that are applied and under those
//! of the files.

use std::io::{Stderr, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use obs_deploy::account::Reads;
use obs_deploy::backtest::{Compared, Sides, fetch, replay};
use obs_deploy::model::Alarm;
use obs_deploy::resolve::Resolved;
use obs_deploy::value::Duration;

use crate::args::{Format, Project, duration};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `backtest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backtest {
    #[command(flatten)]
    project: Project,
    /// How much of the past, up to `--to`
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = duration, conflicts_with = "from")]
    since: Duration,
    /// When it begins, as ISO 8601
    #[arg(long, value_name = "TIME", value_parser = obs_deploy::backtest::time)]
    from: Option<i64>,
    /// When it ends, as ISO 8601 [default: now]
    #[arg(long, value_name = "TIME", value_parser = obs_deploy::backtest::time)]
    to: Option<i64>,
    /// Only alarms whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How the comparison is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Draw it into a file: one lane an alarm, what is applied above, the files below
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// The longest past that CloudWatch keeps: 455 days.
const LONGEST_MS: i64 = 455 * 86_400_000;
const MINUTE_MS: i64 = 60_000;

pub(crate) fn run(args: &Backtest, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let resolved = project::load(&args.project, surroundings)?;
    if args.svg.is_some() && resolved.len() > 1 {
        return Err(Failure::Usage(
            "a picture shows one environment: name one with `--env`".to_owned(),
        ));
    }
    let span = span(args, surroundings.now_ms())?;
    let runtime = project::runtime()?;
    for one in &resolved {
        let compared = runtime.block_on(compare(one, args, span, surroundings))?;
        show(&compared, one, args, surroundings)?;
        if let Some(path) = &args.svg {
            std::fs::write(path, compared.svg()).map_err(|error| {
                Failure::Sentence(format!("cannot write {}: {error}", path.display()))
            })?;
        }
    }
    Ok(exit::OK)
}

/// Which time is replayed: whole minutes.
fn span(args: &Backtest, now: i64) -> Result<(i64, i64), Failure> {
    let to = args.to.map_or(now, |to| to.min(now));
    let from = match args.from {
        Some(from) => from,
        None => to - i64::try_from(args.since.milliseconds()).unwrap_or(LONGEST_MS),
    };
    let whole = |ms: i64| ms.div_euclid(MINUTE_MS) * MINUTE_MS;
    let (from, to) = (whole(from), whole(to));
    if from >= to {
        return Err(Failure::Usage(
            "the time to replay ends before it begins: see `--from` and `--to`".to_owned(),
        ));
    }
    if now - from > LONGEST_MS {
        return Err(Failure::Usage(
            "CloudWatch keeps no number longer than 455 days: begin later".to_owned(),
        ));
    }
    Ok((from, to))
}

async fn compare(
    one: &Resolved,
    args: &Backtest,
    span: (i64, i64),
    surroundings: &mut Surroundings,
) -> Result<Compared, Failure> {
    let account = project::connect(&one.desired.target, surroundings).await?;
    let applied = account.alarms().await.map_err(project::sentence)?;
    let files = one.desired.all_alarms();
    let filter = args.filter.as_deref().unwrap_or_default();
    let wanted = |name: &str| name.contains(filter);
    let mut names = files.iter().chain(&applied).map(Alarm::name);
    if !filter.is_empty() && !names.any(wanted) {
        return Err(Failure::Usage(format!(
            "no alarm's name contains `{filter}`: `obs backtest` replays them all"
        )));
    }
    let mut sides = Sides::new((&one.desired.target, &files), &applied, span, wanted);
    let needs = sides.needs(surroundings.now_ms());
    let asks = needs.asks(span.1);
    let mut progress = Progress::new("fetching", asks.len() as u64, surroundings);
    let answers = fetch(&account, asks, || progress.add(1));
    let answers = answers.await.map_err(project::sentence)?;
    drop(progress);
    let source = needs.source(&answers);
    let length = u64::try_from(span.1 - span.0).unwrap_or(0);
    let mut progress = Progress::new("replaying", 2 * length, surroundings);
    let compared = replay(&sides, &needs, &source, |done_ms| progress.add(done_ms));
    Ok(compared)
}

/// How far a long work is: a bar on a terminal; elsewhere a line a quarter, of works that
/// have quarters.
struct Progress<'a> {
    what: &'static str,
    bar: ProgressBar,
    done: u64,
    all: u64,
    err: &'a mut Stderr,
}

impl<'a> Progress<'a> {
    fn new(what: &'static str, all: u64, surroundings: &'a mut Surroundings) -> Progress<'a> {
        let bar = match surroundings.interactive {
            true => ProgressBar::new(all).with_message(what),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {percent} %") {
            bar.set_style(style);
        }
        Progress {
            what,
            bar,
            done: 0,
            all,
            err: &mut surroundings.err,
        }
    }

    fn add(&mut self, more: u64) {
        let quarter = |done: u64| done * 4 / self.all.max(1);
        let (before, after) = (quarter(self.done), quarter(self.done + more));
        self.done += more;
        self.bar.inc(more);
        if self.bar.is_hidden() && after > before && self.all >= 4 {
            // Progress that cannot be shown must not stop the work.
            let _ = writeln!(self.err, "{} {} %", self.what, after * 25);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn show(
    compared: &Compared,
    one: &Resolved,
    args: &Backtest,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let target = &one.desired.target;
    let (project, environment) = (&target.project, &target.environment);
    let mut text = String::new();
    // Writing into a String cannot fail.
    match args.format {
        Format::Text => {
            text.push_str(&format!("{project} in {environment}\n"));
            let _ = compared.text(&mut text);
        }
        Format::Json => {
            let mut json = compared.json();
            json["project"] = project.as_str().into();
            json["environment"] = environment.as_str().into();
            text.push_str(&format!("{json}\n"));
        }
        Format::Markdown | Format::Github => {
            text.push_str(&format!("### {project} in {environment}\n\n"));
            let _ = compared.markdown(&mut text);
        }
    }
    write!(surroundings.out, "{text}")?;
    Ok(())
}
