//! What a process keeps between invocations: outputs, socket, recorder, bell.

use std::{
    net::UdpSocket,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{config, invocation::Invocation, metric::Recorder, output::Output};

/// Everything that the end of an invocation needs.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) starts_cold: bool,
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
        self.segments.send(invocation.end());
        self.recorder.flush(&self.output);
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

/// The way to the X-Ray daemon.
#[derive(Debug)]
pub(crate) struct Segments {
    socket: Option<UdpSocket>,
    lost: AtomicU64,
}

impl Segments {
    /// A socket to the daemon at `address`; without one, or where none can be
    /// opened, there is no tracing and nothing counts as lost.
    pub(crate) fn connect(address: Option<&str>) -> Self {
        let socket = address.and_then(config::xray_address).and_then(|daemon| {
            let any = if daemon.is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            let socket = UdpSocket::bind(any).ok()?;
            socket.connect(daemon).ok()?;
            // A full socket buffer must not hold the handler up.
            socket.set_nonblocking(true).ok()?;
            Some(socket)
        });
        Self {
            socket,
            lost: AtomicU64::new(0),
        }
    }

    pub(crate) fn send(&self, datagrams: impl IntoIterator<Item = Vec<u8>>) {
        let Some(socket) = &self.socket else { return };
        for datagram in datagrams {
            // A refused datagram reports the one before it: try once more.
            if socket.send(&datagram).is_err() && socket.send(&datagram).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
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
