//! Where lines go: stdout, or a buffer that a test reads.

#[cfg(test)]
use std::sync::{Mutex, PoisonError};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A destination of whole lines.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    to: To,
    lost: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
enum To {
    Stdout,
    #[cfg(test)]
    Buffer(Arc<Mutex<Vec<u8>>>),
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self {
            to: To::Stdout,
            lost: Arc::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn buffer(buffer: Arc<Mutex<Vec<u8>>>) -> Self {
        Self {
            to: To::Buffer(buffer),
            lost: Arc::default(),
        }
    }

    /// Writes `lines`, each ended by `\n`, in one call. A stdout that is closed
    /// cannot be complained about: the loss is counted.
    pub(crate) fn write(&self, lines: &[u8]) {
        match &self.to {
            To::Stdout => {
                if std::io::stdout().lock().write_all(lines).is_err() {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            #[cfg(test)]
            To::Buffer(buffer) => buffer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(lines),
        }
    }

    /// Writes that failed so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
