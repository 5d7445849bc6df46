//! Causes: exceptions that point at each other by id.

use super::store;
use crate::{json, trace::SegmentId};

/// One error of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exception {
    /// Type name, e.g. `std::io::Error`; `Error` where it is not known.
    pub kind: String,
    /// The error's message.
    pub message: String,
    /// Whether another service reported it.
    pub remote: bool,
    /// Where it was raised, innermost first.
    pub stack: Vec<Frame>,
}

/// One call of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The source file; may be empty.
    pub path: String,
    /// The line in it; 0 where it is not known.
    pub line: u32,
    /// The function.
    pub label: String,
}

/// All causes of one document take at most this many bytes, about.
const MAX_CAUSE: usize = 24 * 1024;
const MAX_MESSAGE: usize = 8 * 1024;
const MAX_KIND: usize = 256;
const MAX_CHAIN: usize = 32;
const MAX_STACK: usize = 50;

impl Exception {
    /// An error of type `kind` that says `message`.
    #[must_use]
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            ..Self::default()
        }
    }
}

/// Reads the frames of a backtrace as Rust's standard library prints it; a line
/// that is of another form is a frame with that label alone.
pub(super) fn frames(text: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let (Some(place), Some(frame)) = (line.strip_prefix("at "), frames.last_mut())
            && frame.path.is_empty()
        {
            (frame.path, frame.line) = position(place);
            continue;
        }
        if frames.len() > MAX_STACK {
            continue;
        }
        let label = match line.split_once(": ") {
            Some((number, label)) if number.bytes().all(|byte| byte.is_ascii_digit()) => label,
            _ => line,
        };
        frames.push(Frame {
            path: String::new(),
            line: 0,
            label: label.to_owned(),
        });
    }
    frames
}

/// `src/main.rs:7:13` into the path and the line.
pub(super) fn position(place: &str) -> (String, u32) {
    let mut parts = place.rsplitn(3, ':');
    let (last, middle, path) = (parts.next(), parts.next(), parts.next());
    if let (Some(path), Some(Ok(line))) = (path, middle.map(str::parse)) {
        return (path.to_owned(), line);
    }
    match (last.map(str::parse), place.rsplit_once(':')) {
        (Some(Ok(line)), Some((path, _))) => (path.to_owned(), line),
        _ => (place.to_owned(), 0),
    }
}

/// Appends `,"cause":{...}` with ids made from the subsegment's own.
pub(super) fn write(out: &mut Vec<u8>, of: SegmentId, exceptions: &[Exception]) {
    if exceptions.is_empty() {
        return;
    }
    let begin = out.len();
    out.extend_from_slice(b",\"cause\":{\"exceptions\":[");
    let last = exceptions.len().min(MAX_CHAIN) - 1;
    for (index, exception) in exceptions[..=last].iter().enumerate() {
        let room = MAX_CAUSE.saturating_sub(out.len() - begin);
        out.extend_from_slice(if index == 0 {
            b"{\"id\":\""
        } else {
            b",{\"id\":\""
        });
        exception_id(of, index).append(out);
        out.push(b'"');
        text(out, "type", &exception.kind, MAX_KIND);
        text(out, "message", &exception.message, MAX_MESSAGE.min(room));
        if exception.remote {
            out.extend_from_slice(b",\"remote\":true");
        }
        if index < last {
            out.extend_from_slice(b",\"cause\":\"");
            exception_id(of, index + 1).append(out);
            out.push(b'"');
        }
        write_stack(
            out,
            &exception.stack,
            MAX_CAUSE.saturating_sub(out.len() - begin),
        );
        out.push(b'}');
    }
    if exceptions.len() > MAX_CHAIN {
        // The chain's last exception tells how many lie below it.
        out.pop();
        json::key(out, "skipped");
        json::integer(out, exceptions.len() - MAX_CHAIN);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

fn write_stack(out: &mut Vec<u8>, stack: &[Frame], room: usize) {
    if stack.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"stack\":[");
    let (begin, mut shown) = (out.len(), 0);
    for frame in stack.iter().take(MAX_STACK) {
        if out.len() - begin + 700 > room {
            break;
        }
        out.extend_from_slice(if shown == 0 { b"{" } else { b",{" });
        text(out, "path", &frame.path, MAX_KIND);
        json::key(out, "line");
        json::integer(out, frame.line);
        text(out, "label", &frame.label, MAX_KIND);
        out.push(b'}');
        shown += 1;
    }
    out.push(b']');
    if shown < stack.len() {
        json::key(out, "truncated");
        json::integer(out, stack.len() - shown);
    }
}

/// A member of at most `max` bytes as it stands in the document, where a control
/// character is six; what is cut is said.
fn text(out: &mut Vec<u8>, key: &str, text: &str, max: usize) {
    json::key(out, key);
    let begin = out.len();
    json::string(out, text);
    let length = out.len() - begin - 2;
    if length > max {
        let kept = store::boundary(&out[begin..], max + 1);
        out.truncate(begin + kept);
        out.extend_from_slice(b"... [cut ");
        json::integer(out, length + 1 - kept);
        out.extend_from_slice(b" bytes]\"");
    }
}

/// The id of a subsegment's n-th exception: the golden ratio steps through all
/// 64-bit numbers before it repeats one.
fn exception_id(of: SegmentId, index: usize) -> SegmentId {
    let step = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    SegmentId::from_bits(of.to_bits().wrapping_add(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_bounded_whatever_their_characters() {
        for text in ["x", "\u{1}", "\"", "\u{1f980}", "\\\n"] {
            let long = Exception {
                kind: text.repeat(1000),
                message: text.repeat(20_000),
                stack: vec![
                    Frame {
                        path: text.repeat(1000),
                        line: 7,
                        label: text.repeat(1000)
                    };
                    100
                ],
                ..Exception::default()
            };
            for count in [1, 2, 40] {
                let mut out = b"{\"_\":0".to_vec();
                write(
                    &mut out,
                    SegmentId::from_bits(7),
                    &vec![long.clone(); count],
                );
                out.push(b'}');
                assert!(out.len() < 40 * 1024, "{text:?}: {}", out.len());
                let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
                let message = read["cause"]["exceptions"][0]["message"].as_str().unwrap();
                assert!(message.starts_with(text) && message.ends_with(" bytes]"));
            }
        }
    }

    #[test]
    fn backtraces_give_their_frames() {
        let text = "   0: app::store\n             at ./src/main.rs:7:13\n   1: core::main\n  at /rustc/x.rs:9\nodd";
        let frame = |path: &str, line, label: &str| Frame {
            path: path.into(),
            line,
            label: label.into(),
        };
        assert_eq!(
            frames(text),
            [
                frame("./src/main.rs", 7, "app::store"),
                frame("/rustc/x.rs", 9, "core::main"),
                frame("", 0, "odd")
            ]
        );
    }
}
