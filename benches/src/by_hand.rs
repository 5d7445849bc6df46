//! The limits: code that writes one particular line, document or metric line and
//! nothing else.

use cloudvault_obs_core::time;

/// Milliseconds since the epoch as of the kernel's last tick.
#[must_use]
pub fn coarse_ms() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

fn integer(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn float(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
}

/// Text is looked through once, since any may need an escape.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
    {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

/// The members of a span of four fields, rendered when it is opened.
pub const SPAN: &[u8] = br#","bucket":"vault","attempt":1,"ratio":0.5,"cached":true"#;

/// A JSON line with three fields of an event within a span of four.
pub fn log_line(out: &mut Vec<u8>, span: &[u8], (size, key, ratio): (i64, &str, f64)) {
    out.extend_from_slice(b"{\"timestamp\":\"");
    time::rfc3339(out, coarse_ms());
    out.extend_from_slice(b"\",\"level\":\"INFO\",\"message\":");
    text(out, "file stored");
    out.extend_from_slice(b",\"target\":\"benches\",\"service\":\"function\",\"function_name\":\"function\",\"function_version\":\"$LATEST\"");
    out.extend_from_slice(span);
    out.extend_from_slice(b",\"size\":");
    integer(out, size);
    out.extend_from_slice(b",\"key\":");
    text(out, key);
    out.extend_from_slice(b",\"seconds\":");
    float(out, ratio);
    out.extend_from_slice(b"}\n");
}

/// An X-Ray subsegment with four annotations.
pub fn subsegment(out: &mut Vec<u8>, id: u64, (attempt, bucket): (i64, &str)) {
    out.extend_from_slice(b"{\"format\":\"json\",\"version\":1}\n{\"type\":\"subsegment\",\"name\":\"store\",\"id\":\"");
    hex(out, id);
    out.extend_from_slice(b"\",\"trace_id\":\"1-5759e988-bd862e3fe1be46a994272793\",\"parent_id\":\"53995c3f42cd8ad8\",\"start_time\":");
    let start = now_us();
    seconds(out, start);
    out.extend_from_slice(b",\"end_time\":");
    seconds(out, now_us());
    out.extend_from_slice(b",\"annotations\":{\"bucket\":");
    text(out, bucket);
    out.extend_from_slice(b",\"attempt\":");
    integer(out, attempt);
    out.extend_from_slice(b",\"ratio\":");
    float(out, 0.5);
    out.extend_from_slice(b",\"cached\":true}}");
}

fn now_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

fn seconds(out: &mut Vec<u8>, us: i64) {
    integer(out, us / 1_000_000);
    let start = out.len();
    integer(out, us % 1_000_000 + 1_000_000);
    out[start] = b'.';
}

fn hex(out: &mut Vec<u8>, bits: u64) {
    for nibble in (0..16).rev() {
        out.push(b"0123456789abcdef"[(bits >> (nibble * 4)) as usize & 15]);
    }
}

/// A metric line of ten counters and ten histograms with a value each.
pub fn metric_line(out: &mut Vec<u8>, counts: &[f64; 10], values: &[f64; 10]) {
    let now = coarse_ms();
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    integer(out, now);
    out.extend_from_slice(DEFINITIONS.as_bytes());
    out.extend_from_slice(b",\"level\":\"INFO\",\"timestamp\":\"");
    time::rfc3339(out, now);
    out.extend_from_slice(b"\",\"service\":\"function\"");
    for (member, value) in COUNTERS.iter().zip(counts) {
        out.extend_from_slice(member);
        float(out, *value);
    }
    for (member, value) in HISTOGRAMS.iter().zip(values) {
        out.extend_from_slice(member);
        float(out, *value);
    }
    out.extend_from_slice(b"}\n");
}

const COUNTERS: [&[u8]; 10] = [
    b",\"Counter0\":",
    b",\"Counter1\":",
    b",\"Counter2\":",
    b",\"Counter3\":",
    b",\"Counter4\":",
    b",\"Counter5\":",
    b",\"Counter6\":",
    b",\"Counter7\":",
    b",\"Counter8\":",
    b",\"Counter9\":",
];
const HISTOGRAMS: [&[u8]; 10] = [
    b",\"Histogram0\":",
    b",\"Histogram1\":",
    b",\"Histogram2\":",
    b",\"Histogram3\":",
    b",\"Histogram4\":",
    b",\"Histogram5\":",
    b",\"Histogram6\":",
    b",\"Histogram7\":",
    b",\"Histogram8\":",
    b",\"Histogram9\":",
];
macro_rules! definitions {
    ($($name:literal $unit:literal),+) => {
        concat!(
            ",\"CloudWatchMetrics\":[{\"Namespace\":\"function\",\"Dimensions\":[[\"service\"]],\"Metrics\":[{}",
            $(",{\"Name\":\"", $name, "\",\"Unit\":\"", $unit, "\",\"StorageResolution\":60}",)+
            "]}]}"
        )
    };
}
const DEFINITIONS: &str = definitions!(
    "Counter0" "Count", "Counter1" "Count", "Counter2" "Count", "Counter3" "Count", "Counter4" "Count",
    "Counter5" "Count", "Counter6" "Count", "Counter7" "Count", "Counter8" "Count", "Counter9" "Count",
    "Histogram0" "None", "Histogram1" "None", "Histogram2" "None", "Histogram3" "None", "Histogram4" "None",
    "Histogram5" "None", "Histogram6" "None", "Histogram7" "None", "Histogram8" "None", "Histogram9" "None"
);
