//! Stdout as Lambda has it: a pipe that somebody reads.

use std::{
    io::{PipeReader, Read as _},
    os::fd::OwnedFd,
    thread,
};

/// While it lives, stdout is a pipe whose other end is read and forgotten.
#[derive(Debug)]
pub struct Piped {
    before: OwnedFd,
}

impl Piped {
    /// Puts the pipe in place.
    ///
    /// # Panics
    ///
    /// Where the process has no file descriptor left.
    #[must_use]
    pub fn stdout() -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let before = rustix::io::dup(rustix::stdio::stdout()).expect("a descriptor");
        rustix::stdio::dup2_stdout(&writer).expect("stdout is replaced");
        thread::spawn(move || drain(reader));
        Self { before }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        // The pipe's last writer goes with it, and so does the reading thread.
        let _ = rustix::stdio::dup2_stdout(&self.before);
    }
}

fn drain(mut reader: PipeReader) {
    let mut buffer = vec![0; 1 << 16];
    while reader.read(&mut buffer).is_ok_and(|length| length > 0) {}
}
