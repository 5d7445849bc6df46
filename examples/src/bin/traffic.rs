//! Sends bounded traffic through the six functions. See [`cloudvault_examples::traffic`].
//!
//! Progress goes to stderr, one JSON summary to stdout. Exit code 0: everything
//! as expected; 1: something unexpected failed; 2: wrong usage, or nobody answers.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use cloudvault_examples::traffic::{Options, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let stop = Arc::new(AtomicBool::new(false));
    let signalled = Arc::clone(&stop);
    let mut err = std::io::stderr();
    // Without the handler Ctrl-C still ends the run, only without a summary.
    if let Err(error) = ctrlc::set_handler(move || signalled.store(true, Ordering::SeqCst)) {
        let _ = writeln!(err, "warning: failed to listen for Ctrl-C: {error}");
    }
    let summary = match run(&options, &stop, &mut err) {
        Ok(summary) => summary,
        Err(error) => {
            let _ = writeln!(err, "error: failed to {error}");
            return ExitCode::from(2);
        }
    };
    let text = serde_json::to_string(&summary).expect("a summary holds only numbers and text");
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) if summary.is_as_expected() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
