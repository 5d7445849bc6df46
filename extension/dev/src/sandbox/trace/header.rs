//! `X-Amzn-Trace-Id`: read it from a caller, decide on sampling, write it for the runtime.
//!
//! The decision is a function of the trace id, so the same trace has the same answer in every
//! run and at every hop.

use uuid::Uuid;

/// A caller's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sampled {
    /// `Sampled=1`.
    Yes,
    /// `Sampled=0`.
    No,
    /// `Sampled=?`, or not said.
    Undecided,
}

/// A trace header that a caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// `1-8hex-24hex`.
    pub(crate) root: String,
    /// 16 hex of the segment that called.
    pub(crate) parent: Option<String>,
    /// The decision it carries.
    pub(crate) sampled: Sampled,
    /// Lambda's loop detection, passed on as it is.
    pub(crate) lineage: Option<String>,
}

impl Incoming {
    /// Parses a header: any order, keys in any case, spaces around `;`. `None` without a valid
    /// `Root`; a bad `Parent` is dropped, unknown keys are ignored.
    pub(crate) fn parse(header: &str) -> Option<Incoming> {
        let mut root = None;
        let mut found = Incoming {
            root: String::new(),
            parent: None,
            sampled: Sampled::Undecided,
            lineage: None,
        };
        for part in header.split(';') {
            let Some((key, value)) = part.trim().split_once('=') else {
                continue;
            };
            match key.to_ascii_lowercase().as_str() {
                "root" if is_trace_id(value) => root = Some(value.to_ascii_lowercase()),
                "parent" if is_hex(value, 16) => found.parent = Some(value.to_ascii_lowercase()),
                "sampled" => {
                    found.sampled = match value {
                        "1" => Sampled::Yes,
                        "0" => Sampled::No,
                        _ => Sampled::Undecided,
                    }
                }
                "lineage" if value.len() <= 256 => found.lineage = Some(value.to_owned()),
                _ => {}
            }
        }
        found.root = root?;
        Some(found)
    }
}

/// Where an invocation stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tracing {
    /// `1-8hex-24hex`.
    pub(crate) trace_id: String,
    /// The segment that called, if a caller sent one.
    pub(crate) parent: Option<String>,
    /// Whether segments are kept.
    pub(crate) sampled: bool,
    /// Passed on.
    pub(crate) lineage: Option<String>,
    /// Id of the service segment (`AWS::Lambda`).
    pub(crate) service_id: String,
    /// Id of the function segment (`AWS::Lambda::Function`), the facade that the handler's
    /// subsegments hang under.
    pub(crate) function_id: String,
}

impl Tracing {
    /// Decides: a caller's yes or no is honoured, otherwise `rate` of all trace ids are sampled.
    pub(crate) fn decide(header: Option<&str>, rate: f64, now_ms: i64) -> Tracing {
        let incoming = header.and_then(Incoming::parse);
        let (trace_id, parent, sampled, lineage) = match incoming {
            Some(found) => (found.root, found.parent, found.sampled, found.lineage),
            None => (new_trace_id(now_ms), None, Sampled::Undecided, None),
        };
        let sampled = match sampled {
            Sampled::Yes => true,
            Sampled::No => false,
            Sampled::Undecided => below_rate(&trace_id, rate),
        };
        let (service_id, function_id) = (new_segment_id(), new_segment_id());
        Tracing {
            trace_id,
            parent,
            sampled,
            lineage,
            service_id,
            function_id,
        }
    }

    /// The header for the runtime: the facade is the parent.
    pub(crate) fn header(&self) -> String {
        let sampled = u8::from(self.sampled);
        let mut header = format!(
            "Root={};Parent={};Sampled={sampled}",
            self.trace_id, self.function_id
        );
        if let Some(lineage) = &self.lineage {
            header.push_str(";Lineage=");
            header.push_str(lineage);
        }
        header
    }
}

/// A new segment id: 16 hex.
pub(crate) fn new_segment_id() -> String {
    Uuid::new_v4().simple().to_string()[16..].to_owned()
}

/// Whether the text is `1-8hex-24hex`.
pub(crate) fn is_trace_id(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|part| is_hex(part, 8))
        && parts.next().is_some_and(|part| is_hex(part, 24))
        && parts.next().is_none()
}

/// Whether the text is exactly that many hexadecimal digits.
pub(crate) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn new_trace_id(now_ms: i64) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("1-{:08x}-{}", (now_ms / 1000) as u32, &random[8..])
}

/// Compares the trace id's last 13 digits (52 bits, which a float holds exactly) to the rate.
fn below_rate(trace_id: &str, rate: f64) -> bool {
    let digits = &trace_id[trace_id.len() - 13..];
    let number = u64::from_str_radix(digits, 16).unwrap_or(u64::MAX);
    (number as f64) < rate * (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn headers_are_read_however_their_parts_are_written() {
        let check = |header: &str, parent: Option<&str>, sampled: Sampled| {
            let found = Incoming::parse(header).expect("a header with a root");
            assert_eq!(found.root, ROOT);
            assert_eq!(
                (found.parent.as_deref(), found.sampled),
                (parent, sampled),
                "{header}"
            );
        };
        check(&format!("Root={ROOT}"), None, Sampled::Undecided);
        check(
            &format!("sampled=1 ; parent=53995c3f42cd8ad8 ; Self=x;ROOT={ROOT}"),
            Some("53995c3f42cd8ad8"),
            Sampled::Yes,
        );
        check(
            &format!("Root={ROOT};Parent=short;Sampled=?"),
            None,
            Sampled::Undecided,
        );
        check(&format!("Root={ROOT};;Sampled=0"), None, Sampled::No);
    }

    #[test]
    fn a_header_without_a_trace_id_starts_a_new_trace() {
        for bad in [
            "",
            "Root=",
            "Root=1-5759e988",
            "Parent=53995c3f42cd8ad8",
            "Root=2-a-b",
        ] {
            assert_eq!(Incoming::parse(bad), None, "{bad}");
            let tracing = Tracing::decide(Some(bad), 1.0, 1_738_143_000_250);
            assert!(is_trace_id(&tracing.trace_id), "{}", tracing.trace_id);
            assert!(
                tracing.trace_id.starts_with("1-6799f518-"),
                "{}",
                tracing.trace_id
            );
        }
    }

    #[test]
    fn a_callers_decision_is_honoured_and_otherwise_the_rate_decides() {
        let check = |header: &str, rate: f64, expect: bool| {
            let header = format!("Root={ROOT};{header}");
            assert_eq!(
                Tracing::decide(Some(&header), rate, 0).sampled,
                expect,
                "{header} {rate}"
            );
        };
        check("Sampled=1", 0.0, true);
        check("Sampled=0", 1.0, false);
        check("Sampled=?", 1.0, true);
        check("", 0.0, false);
        // 0x6a994272793 of 2^52 is 0.0016...
        check("", 0.001, false);
        check("", 0.9, below_rate(ROOT, 0.9));
    }

    #[test]
    fn the_share_of_sampled_traces_is_the_rate() {
        let sampled = (0..2000)
            .filter(|_| Tracing::decide(None, 0.25, 0).sampled)
            .count();
        assert!((300..700).contains(&sampled), "{sampled} of 2000");
    }

    #[test]
    fn the_runtime_gets_the_facade_as_its_parent_and_the_lineage() {
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1|b:2");
        let tracing = Tracing::decide(Some(&header), 0.0, 0);
        let expect = format!(
            "Root={ROOT};Parent={};Sampled=1;Lineage=a:1|b:2",
            tracing.function_id
        );
        assert_eq!(tracing.header(), expect);
        assert_eq!(tracing.parent.as_deref(), Some("53995c3f42cd8ad8"));
    }
}
