//! Bytes of a pipe into log lines of bounded length.
//!
//! CloudWatch Logs takes events of up to 1 MB; a longer line is cut there and marked, and the
//! rest of it is thrown away up to its line feed, so a process that writes gigabytes without
//! a line feed costs 1 MB here.

/// The longest line kept, in bytes.
pub(crate) const MAX_LINE: usize = 1024 * 1024;

/// Follows a line that was cut.
pub(crate) const CUT: &str = " [cut at 1 MB]";

/// Splits a stream of bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// Takes bytes and hands on every line that they complete, without its line feed.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(String)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.take(&bytes[..end]);
            bytes = &bytes[end + 1..];
            emit(self.line());
        }
        self.take(bytes);
    }

    /// The stream has ended: hands on what came after the last line feed, if anything did.
    pub(crate) fn finish(&mut self, emit: impl FnOnce(String)) {
        if !self.partial.is_empty() {
            emit(self.line());
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.partial.len();
        self.cut |= bytes.len() > room;
        self.partial
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn line(&mut self) -> String {
        let mut bytes = std::mem::take(&mut self.partial);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        // Not all programs write UTF-8; the log keeps what can be read.
        let mut line = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        if std::mem::take(&mut self.cut) {
            line.push_str(CUT);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chunks: &[&[u8]], expect: &[&str]) {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for chunk in chunks {
            lines.push(chunk, |line| got.push(line));
        }
        lines.finish(|line| got.push(line));
        assert_eq!(got, expect);
    }

    #[test]
    fn lines_are_the_same_however_the_pipe_cuts_them() {
        check(&[b"one\ntwo\n"], &["one", "two"]);
        check(&[b"on", b"e\nt", b"wo"], &["one", "two"]);
        check(&[b"one\r\n", b"\n", b"two"], &["one", "", "two"]);
        check(&[], &[]);
    }

    #[test]
    fn bytes_that_are_not_text_do_not_lose_the_line() {
        check(&[b"a\xffb\n"], &["a\u{fffd}b"]);
    }

    #[test]
    fn a_line_over_the_limit_is_cut_and_marked_and_the_next_one_is_whole() {
        let long = vec![b'x'; MAX_LINE + 10];
        let expect = format!("{}{CUT}", "x".repeat(MAX_LINE));
        check(&[&long, &long, b"\nnext\n"], &[&expect, "next"]);
        let exact = vec![b'y'; MAX_LINE];
        check(&[&exact, b"\n"], &[&"y".repeat(MAX_LINE)]);
    }
}
