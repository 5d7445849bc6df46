//! The extension's process, as it ships, beside others: what it adds to INIT under
//! AWS's emulator, how soon its first request is with CloudWatch over TLS, what it
//! holds in memory, what it adds to an invocation, and that all of it stays flat.
//!
//! `extension LAYER [EMULATOR]`: the layer's binary, and AWS's Runtime Interface
//! Emulator (which wants root). `cargo xtask numbers` builds and fetches both.

mod lambda;
mod cloudwatch;
mod process;
mod init;
mod numbers;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut out = io::stdout().lock();
    let Some(layer) = arguments.next() else {
        return writeln!(out, "usage: extension LAYER [EMULATOR]");
    };
    if let Some(emulator) = arguments.next() {
        init::table(&mut out, &layer, &emulator)?;
    }
    numbers::first_event(&mut out, &layer)?;
    numbers::first_request(&mut out, &layer)?;
    numbers::invocation(&mut out, &layer)?;
    numbers::memory(&mut out, &layer)?;
    numbers::flat(&mut out, &layer)
}

/// Another program of the benches.
fn beside(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.exists() {
        let path = path.display();
        return Err(io::Error::other(format!(
            "find {path}: cargo xtask numbers builds it"
        )));
    }
    Ok(path)
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
