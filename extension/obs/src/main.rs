//! The `obs` command: reads arguments and the process's environment, runs one
//! command, turns its outcome into an exit code. Everything it does is in
//! `obs-deploy` and `obs-dev`.

mod args;
mod exit;
mod surroundings;
mod project;
mod commands;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Failure;
use crate::surroundings::Surroundings;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut surroundings = Surroundings::of_this_process();
    let outcome = match &args.command {
        Command::Check(check) => commands::check::run(check, &mut surroundings),
        Command::Test(test) => commands::test::run(test, &mut surroundings),
        Command::Backtest(backtest) => commands::backtest::run(backtest, &mut surroundings),
        Command::Cost(args) => commands::cost::run(args, &mut surroundings),
        Command::Readiness(it) => commands::readiness::run(it, &mut surroundings),
        Command::Iam(iam) => commands::iam::run(iam, &mut surroundings),
        Command::Plan(plan) => commands::plan::run(plan, &mut surroundings),
        Command::Drift(args) => commands::drift::run(args, &mut surroundings),
        Command::Apply(apply) => commands::apply::run(apply, &mut surroundings),
        Command::Gate(gate) => commands::gate::run(gate, &mut surroundings),
        Command::Init(init) => commands::init::run(init, &mut surroundings),
        Command::Pull(pull) => commands::pull::run(pull, &mut surroundings),
        Command::Snapshot(snapshot) => commands::snapshot::run(snapshot, &mut surroundings),
        Command::Restore(restore) => commands::restore::run(restore, &mut surroundings),
        Command::Rollback(rollback) => commands::rollback::run(rollback, &mut surroundings),
        Command::Mute(mute) => commands::mute::run(mute, &mut surroundings),
        Command::Destroy(destroy) => commands::destroy::run(destroy, &mut surroundings),
        Command::Schema(schema) => commands::schema::run(schema, &mut surroundings),
        Command::Completions(shell) => commands::completions::run(shell, &mut surroundings),
        #[cfg(feature = "dev")]
        Command::Dev(dev) => commands::dev::run(dev, &mut surroundings),
    };
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => {
            // A closed stderr leaves nobody to tell.
            let _ = match &failure {
                Failure::Report(report) => write!(surroundings.err, "{report}"),
                Failure::Usage(sentence) | Failure::Sentence(sentence) => {
                    writeln!(surroundings.err, "obs: {sentence}")
                }
                Failure::Unread => Ok(()),
            };
            failure.code()
        }
    };
    let _ = surroundings.out.flush();
    ExitCode::from(code)
}
