//! A panic as one structured line, with where it happened.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    cell::Cell,
    panic::PanicHookInfo,
};

use super::Once;
use crate::{invocation, subscriber::Observer};

/// Target of a panic's line.
pub(crate) const TARGET: &str = "cloudvault_obs::panic";

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Puts our hook before the one that is there. The standard library's own would
/// print the same panic a second time, as loose text: it is called only where
/// no subscriber of ours listens. Once a process: behind itself it would report a
/// panic twice.
pub(crate) fn install() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(put);
}

fn put() {
    let previous = std::panic::take_hook();
    let standard = std::panic::take_hook();
    let is_standard = same(&previous, &standard);
    std::panic::set_hook(Box::new(move |info| {
        if QUIET.get() {
            return;
        }
        let told = Observer::current(|_| ()).is_some();
        if told {
            report(info);
        }
        if !told || !is_standard {
            previous(info);
        }
    }));
}

/// Taking a hook leaves the standard one behind, which is then taken: two of
/// them are the same function without data. A hook that is wrongly taken for
/// another is called as well, which does no harm.
fn same(one: &Hook, other: &Hook) -> bool {
    std::ptr::eq(&raw const **one, &raw const **other)
}

fn report(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    let location = info.location().map(tracing::field::display);
    let thread = std::thread::current();
    // Captured only where RUST_BACKTRACE asks for it.
    let stack = Backtrace::capture();
    let stack = (stack.status() == BacktraceStatus::Captured).then(|| stack.to_string());
    tracing::error!(
        target: TARGET,
        {
            "error.type" = "panic",
            "error.message" = message,
            "error.location" = location,
            "error.stack" = stack,
            thread = thread.name(),
        },
        "panicked: {message}"
    );
    if let Some(invocation) = invocation::current() {
        invocation.log.first(Once::Panic);
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, a panic of this thread is not told: it is expected.
pub(super) struct Quiet(());

impl Quiet {
    pub(super) fn enter() -> Self {
        QUIET.set(true);
        Self(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(false);
    }
}
