//! Tasks of this repository: `cargo xtask demo`, `test`, `features`, `api`, `fuzz`,
//! `guarantees`, `conformance`, `size`, `numbers`.
//!
//! Everything that a newcomer, a developer or CI runs goes through here, so that
//! the three see the same commands.

mod workspace;
mod steps;
mod demo;
mod guarantees;
mod test;
mod features;
mod api;
mod fuzz;
mod conformance;
mod size;
mod numbers;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Tasks of the CloudVault Obs repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the whole product on this machine, with no AWS account: build it,
    /// start `obs dev`, apply dashboards and alarms, send traffic through the six
    /// functions, and serve the page until Ctrl-C.
    Demo {
        /// End by itself after this long, print a summary, and fail when a
        /// recorded point was not delivered.
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        duration: Option<Duration>,
        /// Address of the local account and its page.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4400")]
        listen: SocketAddr,
        /// Address of the X-Ray daemon's UDP socket; port 0 takes a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
        xray: SocketAddr,
        /// Requests per second that the traffic aims at.
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
        rate: u32,
    },
    /// Check everything that CI checks: formatting, clippy, tests, documentation,
    /// the page, the journal's model, the library's features, the fuzz targets, then
    /// the conformance suite.
    Test {
        /// Leave the conformance suite out (it installs foreign peers).
        #[arg(long)]
        no_conformance: bool,
    },
    /// Build the library with each of its features alone, every two, none and all.
    Features,
    /// Compare the foreign types in the library's public API with the checked list.
    Api {
        /// Make the list anew.
        #[arg(long)]
        write: bool,
    },
    /// Feed the fuzz targets a bounded number of inputs, the same in every run.
    Fuzz {
        /// Targets out of `fuzz/fuzz_targets`; all of them when none is named.
        targets: Vec<String>,
        /// Inputs for each target.
        #[arg(long, value_name = "N", default_value_t = fuzz::RUNS)]
        runs: u32,
    },
    /// Run the fault matrix, every fault under every flush policy with real
    /// processes, and write what it found to docs/guarantees.md.
    Guarantees {
        /// Do not write the page: fail when it is not what the run gives.
        #[arg(long, conflicts_with = "only")]
        check: bool,
        /// Run the faults whose name contains this, and leave the page alone.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Run the product against software that nobody here wrote: AWS CLI, boto3,
    /// AWS's Runtime Interface Emulator, the X-Ray SDK, ministack and others.
    Conformance {
        /// Arguments for pytest, e.g. `-k rie`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        pytest: Vec<String>,
    },
    /// Build the layer as it is shipped, pack it into target/, and show what binary
    /// and zip weigh beside others. Fails beyond 3.0 MB and 1.4 MB.
    Size,
    /// Measure the layer as it is shipped: INIT under AWS's emulator beside a trivial
    /// extension, start to the first request, an invocation's end, memory.
    Numbers,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = || {
        let workspace = Workspace::find()?;
        match arguments.task {
            Task::Demo {
                duration,
                listen,
                xray,
                rate,
            } => demo::run(
                &workspace,
                &demo::Options {
                    duration,
                    listen,
                    xray,
                    rate,
                },
            ),
            Task::Guarantees { check, only } => {
                let mode = if check {
                    guarantees::Mode::Check
                } else {
                    guarantees::Mode::Write
                };
                guarantees::run(&workspace, mode, only.as_deref())
            }
            Task::Test { no_conformance } => test::run(&workspace, !no_conformance),
            Task::Features => features::run(&workspace),
            Task::Api { write } => api::run(&workspace, write),
            Task::Fuzz { targets, runs } => fuzz::run(&workspace, &targets, runs),
            Task::Conformance { pytest } => conformance::run(&workspace, &pytest),
            Task::Size => size::run(&workspace),
            Task::Numbers => numbers::run(&workspace),
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            steps::say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// `30s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a number with a unit, as in 30s, 5m or 1h, not {text:?}");
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or_else(expected)?;
    let number: u64 = text[..split].parse().map_err(|_| expected())?;
    let unit = match &text[split..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(expected()),
    };
    let seconds = number
        .checked_mul(unit)
        .filter(|&seconds| (1..=86_400).contains(&seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "expected between 1s and 24h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn durations_carry_a_unit() {
        for (text, expect) in [
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("1h", Some(3600)),
            ("30", None),
            ("s", None),
            ("0s", None),
            ("99h", None),
        ] {
            assert_eq!(
                duration(text).ok().map(|duration| duration.as_secs()),
                expect,
                "{text}"
            );
        }
    }
}
