//! Where lines go: stdout, or a buffer that a test reads.

use std::{
    fs::File,
    io::Write as _,
    os::fd::AsFd as _,
    sync::{
        Arc, Mutex, PoisonError,
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
    /// Unbuffered, and behind a lock: a line longer than a pipe's atomic 4 KB
    /// must not be torn by another thread's.
    File(Arc<Mutex<File>>),
    /// Where the descriptor cannot be shared.
    Stdout,
    Buffer(Arc<Mutex<Vec<u8>>>),
}

impl Output {
    pub(crate) fn stdout() -> Self {
        // std's own stdout would copy each line into a buffer first.
        let to = std::io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_or(To::Stdout, |fd| To::File(Arc::new(Mutex::new(fd.into()))));
        Self::to(to)
    }

    /// Lines into memory.
    pub(crate) fn buffer(buffer: Arc<Mutex<Vec<u8>>>) -> Self {
        Self::to(To::Buffer(buffer))
    }

    #[cfg(test)]
    pub(crate) fn file(file: File) -> Self {
        Self::to(To::File(Arc::new(Mutex::new(file))))
    }

    fn to(to: To) -> Self {
        Self {
            to,
            lost: Arc::default(),
        }
    }

    /// Writes `lines`, each ended by `\n`, in one call. A stdout that is closed
    /// cannot be complained about: the loss is counted.
    #[inline]
    pub(crate) fn write(&self, lines: &[u8]) {
        let written = match &self.to {
            To::File(file) => file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(lines),
            To::Stdout => std::io::stdout().lock().write_all(lines),
            To::Buffer(buffer) => {
                return buffer
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(lines);
            }
        };
        if written.is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a person reads along.
    pub(crate) fn is_terminal(&self) -> bool {
        use std::io::IsTerminal as _;
        match &self.to {
            To::File(_) | To::Stdout => std::io::stdout().is_terminal(),
            To::Buffer(_) => false,
        }
    }

    /// Writes that failed so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
