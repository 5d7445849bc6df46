//! Log lines: the fields of spans and events as JSON members, the rules for
//! their names, and what is done to a line that is too long or is to be read by
//! a person.
//!
//! A span's fields are rendered once, when they are recorded, together with
//! those of the spans above it; an event copies the bytes. The innermost value
//! of a name wins, so a line never holds the same key twice.

mod name;
mod members;
mod value;
mod error;
mod parts;
mod cut;
mod nested;
mod text;

pub use cut::{CUT_KEY, cut};
pub use error::{kind as error_kind, put as put_error, write as write_error};
pub use members::Members;
pub use name::Name;
pub use nested::nested;
pub use text::{Style, text};
pub use value::{redacted, secret, text as redacted_text};

/// Keys that every line owns. A user's field of such a name is written as
/// `fields.NAME`, so that it can neither be lost nor forge one of them.
pub const RESERVED: &[&str] = &[
    "timestamp",
    "level",
    "message",
    "target",
    "service",
    "function_name",
    "function_version",
    "cold_start",
    "request_id",
    "xray_trace_id",
    "correlation_id",
    "sampling_rate",
    "function_arn",
    "function_memory_size",
    "obs_cut_bytes",
    "location",
];

/// Whether a line owns `key`.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    const MASK: u64 = {
        let (mut mask, mut index) = (0, 0);
        while index < RESERVED.len() {
            mask |= key_bit(RESERVED[index]);
            index += 1;
        }
        mask
    };
    MASK & key_bit(key) != 0 && RESERVED.contains(&key)
}

/// One of 64 bits by the key's length and its first and last byte: two sets of
/// keys without a common bit have no common key.
#[must_use]
pub const fn key_bit(key: &str) -> u64 {
    let bytes = key.as_bytes();
    if bytes.is_empty() {
        return 1;
    }
    let (first, last) = (bytes[0] as usize, bytes[bytes.len() - 1] as usize);
    1 << ((bytes.len() * 7 + first * 3 + last * 5) % 64)
}
