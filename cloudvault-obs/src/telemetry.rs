//! What a process keeps between invocations: outputs, socket, recorder, bell.

use std::{
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{invocation::Invocation, metric::Recorder, output::Output, segment::Segments};

/// Everything that the end of an invocation needs.
#[derive(Debug)]
pub(crate) struct Telemetry {
    /// Whether the next invocation is a cold start.
    pub(crate) cold: AtomicBool,
    /// Whether there has been an invocation.
    pub(crate) begun: AtomicBool,
    pub(crate) log: Arc<crate::log::Shared>,
    pub(crate) output: Output,
    pub(crate) segments: Arc<Segments>,
    pub(crate) recorder: Recorder,
    pub(crate) bell: Option<Doorbell>,
    /// Losses already told.
    pub(crate) told: AtomicU64,
}

impl Telemetry {
    /// Sends what the invocation has kept, then rings for the extension.
    pub(crate) fn finish(&self, invocation: &Invocation) {
        invocation.end();
        self.recorder.flush(Some(invocation));
        if self.log.settings.buffer > 0 {
            // It went well, or they were written: nobody needs the start's lines.
            self.log.before.take();
        }
        if let Some(bell) = &self.bell {
            bell.ring(&invocation.request_id);
        }
        self.tell_losses();
    }

    /// One line when more has been lost than was told before.
    fn tell_losses(&self) {
        let (segments, points) = (self.segments.lost(), self.recorder.lost());
        let lines = self.output.lost();
        let lost = segments + points + lines;
        if self.told.swap(lost, Ordering::Relaxed) < lost {
            tracing::warn!(
                segments_lost = segments,
                points_lost = points,
                lines_lost = lines,
                "telemetry was lost in this process so far"
            );
        }
    }
}

/// Tells the extension that an invocation's points are all in the journal.
///
/// A Unix datagram costs about a microsecond, once an invocation, and the
/// extension can wait for it together with its other signals; a futex would be
/// a little cheaper here and cost the extension a thread that only waits.
#[derive(Debug)]
pub(crate) struct Doorbell {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Doorbell {
    /// The bell beside `journal`.
    pub(crate) fn beside(journal: &Path) -> Option<Self> {
        let mut path = journal.as_os_str().to_owned();
        path.push(".bell");
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self {
            socket,
            path: path.into(),
        })
    }

    /// An extension that is not there, or deaf, has other signals to go by.
    fn ring(&self, request_id: &str) {
        let _ = self.socket.send_to(request_id.as_bytes(), &self.path);
    }
}
