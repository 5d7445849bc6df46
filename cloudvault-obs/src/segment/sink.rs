//! The way to the X-Ray daemon.

use std::{
    net::UdpSocket,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cloudvault_obs_core::segment::Batch;

use super::{Known, Open, OpenSpans, Settings, Trail, forward::Forward, watch::Watch};
use crate::{clock, config, invocation::Invocation};

/// Sends documents, and counts those that could not be sent.
#[derive(Debug)]
pub(crate) struct Segments {
    exporter: Exporter,
    pub(crate) settings: Settings,
    watch: Watch,
    open: OnceLock<Arc<dyn OpenSpans>>,
    /// Memory for the next invocation's documents.
    spare: Mutex<Vec<Batch>>,
    lost: AtomicU64,
}

#[derive(Debug)]
enum Exporter {
    /// There is nobody to send to: nothing is recorded, and nothing lost.
    None,
    Daemon(UdpSocket),
    /// The daemon if it is there, else the extension.
    Forward(Forward),
    /// For tests of handlers: each datagram as it would have left.
    Memory(Arc<Mutex<Vec<Vec<u8>>>>),
}

/// What exporters of OpenTelemetry's spans could not send. They are the user's and
/// know no invocation; the line that tells of losses is the process's.
static LOST_BY_EXPORTERS: AtomicU64 = AtomicU64::new(0);

/// Batches kept for invocations to come.
const SPARE: usize = 2;
/// A batch that one long invocation has grown is given back.
const KEEP: usize = 512 * 1024;

impl Segments {
    /// A socket to the daemon at `address`; without one, or where none can be
    /// opened, there is no tracing and nothing counts as lost.
    pub(crate) fn connect(address: Option<&str>, settings: Settings) -> Self {
        let daemon = address.and_then(config::xray_address).and_then(|daemon| {
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
        let forward = settings.forward.as_deref().and_then(Forward::open);
        let exporter = match (forward, daemon) {
            (Some(forward), daemon) => Exporter::Forward(forward.behind(daemon)),
            (None, Some(daemon)) => Exporter::Daemon(daemon),
            (None, None) => Exporter::None,
        };
        Self::new(exporter, settings)
    }

    /// Documents that stay in memory: each a whole datagram with its header.
    pub(crate) fn memory(datagrams: Arc<Mutex<Vec<Vec<u8>>>>, settings: Settings) -> Self {
        Self::new(Exporter::Memory(datagrams), settings)
    }

    fn new(exporter: Exporter, settings: Settings) -> Self {
        Self {
            exporter,
            watch: Watch::new(settings.announce_after),
            settings,
            open: OnceLock::new(),
            spare: Mutex::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// Learns where the spans are that are open; told once.
    pub(crate) fn know(&self, open: Arc<dyn OpenSpans>) {
        // They are one observer's, which is made with these segments.
        let _ = self.open.set(open);
    }

    pub(super) fn each_open(&self, of: &Trail, look: &mut dyn FnMut(&mut Open, Known<'_>)) {
        if let Some(open) = self.open.get() {
            open.each(of, look);
        }
    }

    /// Whether documents go anywhere.
    pub(crate) fn is_recording(&self) -> bool {
        !matches!(self.exporter, Exporter::None)
    }

    /// Begins to look after an invocation, which has to end by `deadline_ms`
    /// since the epoch; 0 is no deadline.
    pub(crate) fn watch(&self, invocation: &Arc<Invocation>, deadline_ms: u64) {
        if invocation.sampled().is_some() {
            let now = u64::try_from(clock::now_ms()).unwrap_or(0);
            let left = deadline_ms.checked_sub(now).map(Duration::from_millis);
            self.watch.begin(invocation, left);
        }
    }

    /// Sends a batch as datagrams, each at once and none waited for.
    pub(crate) fn send(&self, batch: &Batch) {
        match &self.exporter {
            Exporter::None => {}
            Exporter::Daemon(socket) => batch.datagrams(|datagram| {
                // A refused datagram reports the one before it: try once more.
                if socket.send(datagram).is_err() && socket.send(datagram).is_err() {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
            }),
            Exporter::Forward(forward) => batch.datagrams(|datagram| {
                self.lost
                    .fetch_add(forward.send(datagram), Ordering::Relaxed);
            }),
            Exporter::Memory(datagrams) => {
                let mut datagrams = datagrams.lock().unwrap_or_else(PoisonError::into_inner);
                batch.datagrams(|datagram| datagrams.push(datagram.to_vec()));
            }
        }
    }

    /// Documents that could not be sent so far, by anybody in this process. What stays
    /// in memory is one test's, which the others' exporters do not concern.
    pub(crate) fn lost(&self) -> u64 {
        let by_exporters = match self.exporter {
            Exporter::Memory(_) => 0,
            _ => LOST_BY_EXPORTERS.load(Ordering::Relaxed),
        };
        self.lost.load(Ordering::Relaxed) + by_exporters
    }

    /// Lets the process tell what an exporter's segments have lost.
    #[cfg(feature = "otel")]
    pub(crate) fn hand_over_losses(&self) {
        lose(self.lost.swap(0, Ordering::Relaxed));
    }

    pub(super) fn spare(&self) -> Batch {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut batch: Batch) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE && batch.capacity() <= KEEP {
            batch.clear();
            spare.push(batch);
        }
    }
}

/// Counts spans that an exporter could not send.
#[cfg(feature = "otel")]
pub(crate) fn lose(spans: u64) {
    LOST_BY_EXPORTERS.fetch_add(spans, Ordering::Relaxed);
}
