//! An event of three fields in a span of four, as a line of JSON.

use std::{
    hint::black_box,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use cloudvault_obs::testing::Function;
use slog::Drain as _;
use tracing::{Dispatch, dispatcher::with_default};

use super::Contenders;
use crate::{
    Work, by_hand,
    case::{in_parts, steady, timed},
    pipe::Piped,
};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "log line to memory",
            vec![
                ("by hand", by_hand_to_memory),
                ("cloudvault-obs", ours),
                ("cloudvault-obs in an invocation", ours_in_an_invocation),
                ("slog-json", slog_to_memory),
                ("json-subscriber", || {
                    tracing_to(Memory::default(), json_subscriber)
                }),
                ("tracing-subscriber", || {
                    tracing_to(Memory::default(), tracing_subscriber)
                }),
            ],
        ),
        (
            "log line, redaction",
            vec![
                ("off", || ours_with("off", event)),
                ("on", || ours_with("on", event)),
                ("off, text with three secrets", || ours_with("off", secrets)),
                ("on, text with three secrets", || ours_with("on", secrets)),
            ],
        ),
        (
            "log line to a pipe",
            vec![
                ("by hand", by_hand_to_pipe),
                ("cloudvault-obs", ours_to_pipe),
                ("tracing-subscriber", || {
                    piped(tracing_to(Stdout, tracing_subscriber))
                }),
            ],
        ),
        (
            "disabled event",
            vec![
                ("cloudvault-obs", ours_disabled),
                ("tracing-subscriber", tracing_subscriber_disabled),
            ],
        ),
    ]
}

fn values() -> (i64, &'static str, f64) {
    black_box((1_048_576, "photos/2026/sunset.jpg", 0.125))
}

fn event() {
    let (size, key, seconds) = values();
    tracing::info!(target: "benches", size, key, seconds, "file stored");
}

/// What a careless handler logs.
fn secrets() {
    let (size, _, seconds) = values();
    let text = black_box("ann@example.com paid with 4111 1111 1111 1111, token=t0ps3cret");
    tracing::info!(target: "benches", size, text, seconds, "file stored");
}

fn span() -> tracing::Span {
    tracing::info_span!(
        "store",
        bucket = "vault",
        attempt = 1,
        ratio = 0.5,
        cached = true
    )
}

/// A writer into memory that starts again before it grows large.
#[derive(Debug, Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() > 1 << 16 {
            out.clear();
        }
        out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stdout without a buffer: whole lines leave in one call.
#[derive(Debug, Clone)]
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn by_hand_to_memory() -> Work {
    let mut out = Vec::with_capacity(1 << 17);
    steady(move || {
        if out.len() > 1 << 16 {
            out.clear();
        }
        by_hand::log_line(&mut out, black_box(by_hand::SPAN), values());
    })
}

fn by_hand_to_pipe() -> Work {
    let mut out = Vec::with_capacity(1 << 10);
    piped(steady(move || {
        out.clear();
        by_hand::log_line(&mut out, black_box(by_hand::SPAN), values());
        let _ = Stdout.write(&out);
    }))
}

fn piped(mut work: Work) -> Work {
    Box::new(move |times| {
        let piped = Piped::stdout();
        let took = work(times);
        drop(piped);
        took
    })
}

fn ours() -> Work {
    ours_with("on", event)
}

fn ours_with(redaction: &str, log: fn()) -> Work {
    let function = Function::with_env([("OBS_REDACT", redaction)]);
    let function: &'static Function = Box::leak(Box::new(function));
    in_parts(
        256,
        move |times| {
            function.scope(|| {
                let _span = span().entered();
                timed(times, log)
            })
        },
        || function.clear_output(),
    )
}

fn ours_in_an_invocation() -> Work {
    let function: &'static Function = Box::leak(Box::new(Function::new()));
    let part = |times| {
        super::span::within(function, || {
            let _span = span().entered();
            timed(times, event)
        })
    };
    in_parts(256, part, || function.clear_output())
}

/// The subscriber that `cloudvault_obs::layer` installs, on the process's stdout.
fn ours_to_pipe() -> Work {
    // The global recorder is another contender's.
    super::metric_line::embedded();
    // What is installed keeps the stdout that it found.
    let pipe = Piped::stdout();
    let _ = cloudvault_obs::layer();
    drop(pipe);
    Box::new(|times| {
        let _span = span().entered();
        timed(times, event)
    })
}

fn ours_disabled() -> Work {
    let function: &'static Function = Box::leak(Box::new(Function::new()));
    Box::new(move |times| {
        function.scope(|| timed(times, || tracing::debug!(size = black_box(3), "details")))
    })
}

fn tracing_subscriber_disabled() -> Work {
    let dispatch = tracing_subscriber(Memory::default());
    Box::new(move |times| {
        with_default(&dispatch, || {
            timed(times, || tracing::debug!(size = black_box(3), "details"))
        })
    })
}

fn tracing_to<W>(writer: W, dispatch: fn(W) -> Dispatch) -> Work {
    let dispatch = dispatch(writer);
    Box::new(move |times| {
        with_default(&dispatch, || {
            let _span = span().entered();
            timed(times, event)
        })
    })
}

fn tracing_subscriber<W: Write + Clone + Send + Sync + 'static>(writer: W) -> Dispatch {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    Dispatch::new(subscriber)
}

fn json_subscriber<W: Write + Clone + Send + Sync + 'static>(writer: W) -> Dispatch {
    let subscriber = json_subscriber::fmt::Subscriber::builder()
        .with_writer(move || writer.clone())
        .finish();
    Dispatch::new(subscriber)
}

fn slog_to_memory() -> Work {
    let drain = slog_json::Json::new(Memory::default())
        .add_default_keys()
        .build();
    let logger = slog::Logger::root(
        Mutex::new(drain).fuse(),
        slog::o!("bucket" => "vault", "attempt" => 1, "ratio" => 0.5, "cached" => true),
    );
    steady(move || {
        let (size, key, seconds) = values();
        slog::info!(logger, "file stored"; "size" => size, "key" => key, "seconds" => seconds);
    })
}
