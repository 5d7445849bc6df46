//! The signals that stand in for SHUTDOWN.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, which emulators and terminals send instead of SHUTDOWN.
pub(super) struct Terminate {
    signals: [Option<Signal>; 2],
    asked: bool,
}

impl Terminate {
    pub(super) fn new() -> Self {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self {
            signals: kinds.map(|kind| signal(kind).ok()),
            asked: false,
        }
    }

    /// Waits for one of them; once one came, at once.
    pub(super) async fn asked(&mut self) {
        if !self.asked {
            let [terminate, interrupt] = &mut self.signals;
            tokio::select! {
                () = received(terminate.as_mut()) => {}
                () = received(interrupt.as_mut()) => {}
            }
            self.asked = true;
        }
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
