//! One event as one line of JSON.

use std::{cell::RefCell, fmt};

use cloudvault_obs_core::{
    json::{self, Value},
    log::Members,
    time,
};
use tracing::{
    Event,
    field::{Field, Visit},
};

use super::span::visit;
use crate::output::Output;

/// The keys that are the same on every line of a process, rendered once.
#[derive(Debug, Clone)]
pub(crate) struct Static(Vec<u8>);

impl Static {
    pub(crate) fn new(service: &str, function_name: &str, function_version: &str) -> Self {
        let mut bytes = Vec::new();
        for (key, value) in [
            ("service", service),
            ("function_name", function_name),
            ("function_version", function_version),
        ] {
            bytes.push(b',');
            json::string(&mut bytes, key);
            bytes.push(b':');
            json::string(&mut bytes, value);
        }
        Self(bytes)
    }
}

/// Buffers that a thread keeps, so that a line allocates nothing.
#[derive(Default)]
struct Buffers {
    line: Vec<u8>,
    message: Vec<u8>,
    own: Members,
}

/// A buffer that one huge line has grown is given back.
const KEEP: usize = 64 * 1024;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Writes `event`, with the members of the spans around it, to `output`.
pub(super) fn write(
    fixed: &Static,
    output: &Output,
    now_ms: i64,
    (event, around): (&Event<'_>, Option<&Members>),
) {
    let render = |buffers: &mut Buffers| {
        buffers.render(fixed, now_ms, event, around);
        output.write(&buffers.line);
    };
    BUFFERS
        .try_with(|cell| match cell.try_borrow_mut() {
            Ok(mut buffers) => {
                render(&mut buffers);
                if buffers.line.capacity() > KEEP {
                    *buffers = Buffers::default();
                }
            }
            // A field's Debug that itself logs: its line gets buffers of its own.
            Err(_) => render(&mut Buffers::default()),
        })
        .unwrap_or_else(|_| render(&mut Buffers::default()));
}

impl Buffers {
    fn render(&mut self, fixed: &Static, now_ms: i64, event: &Event<'_>, around: Option<&Members>) {
        let Self { line, message, own } = self;
        line.clear();
        message.clear();
        own.clear();
        event.record(&mut Fields { message, own });
        let metadata = event.metadata();
        line.extend_from_slice(b"{\"timestamp\":\"");
        time::rfc3339(line, now_ms);
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(metadata.level().as_str().as_bytes());
        line.extend_from_slice(b"\",\"message\":");
        line.extend_from_slice(if message.is_empty() { b"\"\"" } else { message });
        line.extend_from_slice(b",\"target\":");
        json::string(line, metadata.target());
        line.extend_from_slice(&fixed.0);
        if let Some(around) = around {
            around.append_except(line, own);
        }
        line.extend_from_slice(own.as_bytes());
        line.extend_from_slice(b"}\n");
    }
}

/// Sorts an event's fields into its message and the rest.
struct Fields<'a> {
    message: &'a mut Vec<u8>,
    own: &'a mut Members,
}

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        if field.name() == "message" && self.message.is_empty() {
            match value {
                // A message is text, whatever was given.
                Value::Str(_) | Value::Display(_) | Value::Debug(_) => {
                    json::value(self.message, value);
                }
                other => json::display(self.message, format_args!("{other:?}")),
            }
        } else {
            self.own.field(field.name(), value);
        }
    }
}

impl Visit for Fields<'_> {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, Value::Display(&value));
    }
}
