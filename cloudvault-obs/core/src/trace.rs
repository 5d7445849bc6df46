//! Trace ids, segment ids and the `X-Amzn-Trace-Id` header.
//!
//! The header is read leniently, as AWS's own services write it in several
//! ways: any order, keys in any case, blanks around `;`, unknown keys. W3C's
//! `traceparent` is read strictly, as its specification asks, and carries the
//! same ids.

use std::{error, fmt, num::NonZeroU64, str::FromStr};

/// `1-5759e988-bd862e3fe1be46a994272793`: 128 bits, the first 32 of which are
/// usually, and need not be, the epoch second at which the trace began.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

impl TraceId {
    /// A new id: `epoch_seconds` in front, the low 96 bits of `random` behind.
    #[must_use]
    pub fn new(epoch_seconds: u32, random: u128) -> Self {
        Self(u128::from(epoch_seconds) << 96 | random & (u128::MAX >> 32))
    }

    /// The 128 bits, as W3C's `trace-id` has them.
    #[must_use]
    pub fn to_bits(self) -> u128 {
        self.0
    }

    /// The id with these 128 bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Appends the id as X-Ray writes it, 35 bytes.
    pub fn append(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }

    fn text(self) -> [u8; 35] {
        let digits = hex_digits(self.0);
        let mut text = *b"1-00000000-000000000000000000000000";
        text[2..10].copy_from_slice(&digits[..8]);
        text[11..].copy_from_slice(&digits[8..]);
        text
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceId {
    type Err = ParseTraceError;

    fn from_str(text: &str) -> Result<Self, ParseTraceError> {
        let error = ParseTraceError("trace id: expected 1-8hex-24hex");
        let (time, rest) = text
            .strip_prefix("1-")
            .and_then(|rest| split_once(rest, b'-'))
            .ok_or(error)?;
        let (time, rest) = (hex(time, 8).ok_or(error)?, hex(rest, 24).ok_or(error)?);
        Ok(Self(time << 96 | rest))
    }
}

/// Sixteen hexadecimal digits that name a segment or subsegment; never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(NonZeroU64);

impl SegmentId {
    /// The id with these bits; zero, which names nothing, becomes one.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The 64 bits, as W3C's `parent-id` has them.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// Appends the id as X-Ray and W3C write it, 16 bytes.
    pub fn append(self, out: &mut Vec<u8>) {
        let mut text = [0; 16];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0.get().to_be_bytes()) {
            pair.copy_from_slice(&HEX_PAIRS[usize::from(byte)]);
        }
        out.extend_from_slice(&text);
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SegmentId {
    type Err = ParseTraceError;

    fn from_str(text: &str) -> Result<Self, ParseTraceError> {
        hex(text, 16)
            .and_then(|bits| NonZeroU64::new(bits as u64))
            .map(Self)
            .ok_or(ParseTraceError(
                "segment id: expected 16 hexadecimal digits, not all zero",
            ))
    }
}

/// Whether the documents of a trace are to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampled {
    /// `Sampled=1`
    Yes,
    /// `Sampled=0`
    No,
    /// `Sampled=?`, or no word of it: the next service decides.
    #[default]
    Undecided,
}

/// What `X-Amzn-Trace-Id` carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceHeader {
    /// The trace.
    pub root: TraceId,
    /// The segment above the receiver's; in Lambda, the function's facade.
    pub parent: Option<SegmentId>,
    /// The sampling decision so far.
    pub sampled: Sampled,
    /// Lambda's loop-detection record, opaque; to be passed on as it is.
    pub lineage: Option<Box<str>>,
}

impl TraceHeader {
    /// Reads W3C's `traceparent`, `00-32hex-16hex-2hex`. It knows no undecided
    /// sampling, and any random first word of the trace id is legal.
    ///
    /// ```
    /// use cloudvault_obs_core::trace::TraceHeader;
    ///
    /// let header = TraceHeader::from_traceparent(
    ///     "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
    /// )?;
    /// assert_eq!(
    ///     header.to_string(),
    ///     "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    /// );
    /// # Ok::<(), cloudvault_obs_core::trace::ParseTraceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is not of that form, its version is `ff`, or an id is all
    /// zero. A later version may be longer; what follows the flags is ignored.
    pub fn from_traceparent(text: &str) -> Result<Self, ParseTraceError> {
        let error = ParseTraceError("traceparent: expected 00-32hex-16hex-2hex");
        let mut parts = text.trim().splitn(5, '-');
        let mut next = |digits| parts.next().and_then(|part| lower_hex(part, digits));
        let (version, root, parent, flags) = (next(2), next(32), next(16), next(2));
        let (Some(version), Some(root), Some(parent), Some(flags)) = (version, root, parent, flags)
        else {
            return Err(error);
        };
        let parent = NonZeroU64::new(parent as u64).ok_or(error)?;
        if version == 0xff || root == 0 || (version == 0 && parts.next().is_some()) {
            return Err(error);
        }
        Ok(Self {
            root: TraceId(root),
            parent: Some(SegmentId(parent)),
            sampled: if flags & 1 == 1 {
                Sampled::Yes
            } else {
                Sampled::No
            },
            lineage: None,
        })
    }

    /// The header as W3C's `traceparent`; `None` without a parent, which W3C
    /// demands, and for a trace id of nothing but zeros, which it forbids. What is
    /// undecided counts as not sampled, as W3C's flag says only that a caller may
    /// have recorded something.
    ///
    /// ```
    /// use cloudvault_obs_core::trace::TraceHeader;
    ///
    /// let header: TraceHeader =
    ///     "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".parse()?;
    /// assert_eq!(
    ///     header.to_traceparent().as_deref(),
    ///     Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
    /// );
    /// # Ok::<(), cloudvault_obs_core::trace::ParseTraceError>(())
    /// ```
    #[must_use]
    pub fn to_traceparent(&self) -> Option<String> {
        let parent = self.parent.filter(|_| self.root.0 != 0)?;
        let mut out = Vec::with_capacity(55);
        out.extend_from_slice(b"00-");
        out.extend_from_slice(&hex_digits(self.root.0));
        out.push(b'-');
        parent.append(&mut out);
        out.extend_from_slice(if self.sampled == Sampled::Yes {
            b"-01"
        } else {
            b"-00"
        });
        String::from_utf8(out).ok()
    }
}

/// Whether a lineage can travel on: what is no header's text would cost the next
/// receiver the whole header.
fn is_plain(lineage: &str) -> bool {
    !lineage.is_empty() && lineage.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Longer headers are refused: AWS's own stay below 400 bytes.
const MAX_HEADER: usize = 2048;

impl FromStr for TraceHeader {
    type Err = ParseTraceError;

    fn from_str(text: &str) -> Result<Self, ParseTraceError> {
        if text.len() > MAX_HEADER {
            return Err(ParseTraceError("trace header: longer than 2,048 bytes"));
        }
        let (mut root, mut parent, mut sampled, mut lineage) =
            (None, None, Sampled::default(), None);
        let mut rest = text;
        while !rest.is_empty() {
            let (part, next) = split_once(rest, b';').unwrap_or((rest, ""));
            rest = next;
            let Some((key, value)) = split_once(part, b'=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("root") {
                root = Some(value.parse()?);
            } else if key.eq_ignore_ascii_case("parent") {
                parent = value.parse().ok();
            } else if key.eq_ignore_ascii_case("sampled") {
                sampled = match value {
                    "1" => Sampled::Yes,
                    "0" => Sampled::No,
                    _ => Sampled::Undecided,
                };
            } else if key.eq_ignore_ascii_case("lineage") {
                lineage = is_plain(value).then(|| value.into());
            }
        }
        let root = root.ok_or(ParseTraceError("trace header: expected Root=1-8hex-24hex"))?;
        Ok(Self {
            root,
            parent,
            sampled,
            lineage,
        })
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        match self.sampled {
            Sampled::Yes => f.write_str(";Sampled=1")?,
            Sampled::No => f.write_str(";Sampled=0")?,
            Sampled::Undecided => {}
        }
        match &self.lineage {
            Some(lineage) => write!(f, ";Lineage={lineage}"),
            None => Ok(()),
        }
    }
}

/// The text is not a trace id, segment id or trace header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTraceError(&'static str);

impl fmt::Display for ParseTraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for ParseTraceError {}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != digits {
        return None;
    }
    // The halves apart: every step of a u128 is two.
    let (high, low) = bytes.split_at(digits.saturating_sub(16));
    Some(u128::from(hex_word(high)?) << 64 | u128::from(hex_word(low)?))
}

/// At most sixteen digits.
fn hex_word(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |bits, digit| {
        let value = HEX_VALUES[usize::from(*digit)];
        (value < 16).then(|| bits << 4 | u64::from(value))
    })
}

/// As `str::split_once`, for an ASCII byte of a text so short that a searcher
/// costs more than the search.
fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == at)?;
    Some((&text[..at], &text[at + 1..]))
}

/// W3C's identifiers are in lower case only.
fn lower_hex(text: &str, digits: usize) -> Option<u128> {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    lower.then(|| hex(text, digits)).flatten()
}

/// All 32 digits, by a table of byte pairs: `format!` costs ten times as much.
fn hex_digits(bits: u128) -> [u8; 32] {
    let mut out = [0; 32];
    for (pair, byte) in out.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
        pair.copy_from_slice(&HEX_PAIRS[usize::from(byte)]);
    }
    out
}

/// What each byte stands for as a digit; 16 for those that are none.
const HEX_VALUES: [u8; 256] = {
    let mut values = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

const HEX_PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    fn check(text: &str, expect: &str) {
        let shown = text
            .parse::<TraceHeader>()
            .map_or_else(|e| e.to_string(), |h| h.to_string());
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn headers_are_read_in_every_spelling_that_aws_uses() {
        let whole = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        check(&whole, &whole);
        check(
            &format!("Sampled=1 ; parent=53995c3f42cd8ad8; ROOT={ROOT}"),
            &whole,
        );
        check(&format!("Self=1-0-0;{whole};Foo=bar"), &whole);
        check(
            &format!("{whole};Lineage=a:1|b:0"),
            &format!("{whole};Lineage=a:1|b:0"),
        );
        check(&format!("Root={ROOT};Sampled=?"), &format!("Root={ROOT}"));
        check(
            &format!("Root={ROOT};Sampled=0"),
            &format!("Root={ROOT};Sampled=0"),
        );
        check(&format!("Root={ROOT};Parent=zz"), &format!("Root={ROOT}"));
    }

    #[test]
    fn every_part_is_read_wherever_and_however_it_stands() {
        let whole = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        check(&format!("  {whole} ; "), &whole);
        check(&format!(";;{whole};"), &whole);
        check(
            &format!(
                "root = {} ;PARENT=53995C3F42CD8AD8;sampled = 1",
                ROOT.to_uppercase()
            ),
            &whole,
        );
        check(
            &format!("Lineage=25:a87bd80c:1|c512fbe3:2;Sampled=0;Root={ROOT}"),
            &format!("Root={ROOT};Sampled=0;Lineage=25:a87bd80c:1|c512fbe3:2"),
        );
        let bare = format!("Root={ROOT}");
        for rest in [
            "Parent=0000000000000000",
            "Parent=53995c3f42cd8ad",
            "Parent=53995c3f42cd8ad8a",
            "Sampled=?",
            "Sampled=true",
            "Sampled=",
            "Sampled",
            "Self=1-67891234-12456789abcdef012345678",
            "Lineage=",
            "Lineage=caf\u{e9}",
            "Lineage=a:1\r\nx-evil: 1",
            "=;==",
        ] {
            check(&format!("{bare};{rest}"), &bare);
        }
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        check("", "trace header: expected Root=1-8hex-24hex");
        check(
            "Parent=53995c3f42cd8ad8",
            "trace header: expected Root=1-8hex-24hex",
        );
        check(
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "trace id: expected 1-8hex-24hex",
        );
        check(
            "Root=1-+759e988-bd862e3fe1be46a994272793",
            "trace id: expected 1-8hex-24hex",
        );
        for root in [
            "5759e988-bd862e3fe1be46a994272793",
            "5759e988bd862e3fe1be46a994272793",
            "01-5759e988-bd862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a994272793-1",
            "1-5759e98-bd862e3fe1be46a994272793a",
            "1-5759e988-bd862e3fe1be46a99427279\u{e9}",
            "1-5759e988 -bd862e3fe1be46a994272793",
            "1--",
            "",
        ] {
            check(&format!("Root={root}"), "trace id: expected 1-8hex-24hex");
        }
        check(&"x".repeat(4096), "trace header: longer than 2,048 bytes");
    }

    #[test]
    fn w3c_headers_are_read_strictly() {
        let check = |text: &str, expect: Option<&str>| {
            let header = TraceHeader::from_traceparent(text).ok();
            let shown = header.as_ref().and_then(TraceHeader::to_traceparent);
            assert_eq!(shown.as_deref(), expect, "{text}");
        };
        let ids = "4efaaf4d1e8720b39541901950019ee5-00f067aa0ba902b7";
        let (yes, no) = (format!("00-{ids}-01"), format!("00-{ids}-00"));
        check(&yes, Some(&yes));
        check(&no, Some(&no));
        check(&format!("00-{ids}-03"), Some(&yes));
        check(&format!("cc-{ids}-01-what-the-future"), Some(&yes));
        // A random first word is no timestamp, and legal.
        check(
            &format!("00-ffffffff{}-01", &ids[8..]),
            Some(&format!("00-ffffffff{}-01", &ids[8..])),
        );
        for bad in [
            "",
            "00",
            &format!("ff-{ids}-01"),
            &format!("00-{ids}-01-extra"),
            &format!("00-{ids}"),
            &yes.to_uppercase(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4efaaf4d1e8720b39541901950019ee5-0000000000000000-01",
            &format!("00-{ids}-1"),
            &format!("0x-{ids}-01"),
            &format!("00-{ids}-01-"),
            &format!("00-{ids}-0g"),
            &format!("00-{ids}-01,00-{ids}-01"),
            &format!("01-{ids}-01.what-the-future"),
            &format!("01-{ids}"),
            &format!("00_{ids}_01"),
            &format!("00 -{ids}-01"),
            &format!("00-{}-01", &ids[1..]),
            &format!("00-\u{e9}{}-01", &ids[2..]),
        ] {
            check(bad, None);
        }
        check(&format!(" {yes}\t"), Some(&yes));
        check(&format!("01-{ids}-01"), Some(&yes));
        check(&format!("fe-{ids}-01-"), Some(&yes));
        check(&format!("00-{ids}-ff"), Some(&yes));
        check(&format!("00-{ids}-fe"), Some(&no));
    }

    #[test]
    fn a_trace_of_zeros_has_no_w3c_form() {
        let header: TraceHeader =
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=1"
                .parse()
                .unwrap();
        assert_eq!(header.to_traceparent(), None);
    }

    proptest! {
        #[test]
        fn x_ray_and_w3c_say_the_same(root in 1u128.., parent in 1u64.., yes: bool) {
            let header = TraceHeader {
                root: TraceId::from_bits(root),
                parent: Some(SegmentId::from_bits(parent)),
                sampled: if yes { Sampled::Yes } else { Sampled::No },
                lineage: None,
            };
            let w3c = header.to_traceparent().unwrap();
            prop_assert_eq!(TraceHeader::from_traceparent(&w3c), Ok(header.clone()));
            let mut out = Vec::new();
            header.root.append(&mut out);
            header.parent.unwrap().append(&mut out);
            let shown = format!("{}{}", header.root, header.parent.unwrap());
            prop_assert_eq!(String::from_utf8(out).unwrap(), shown);
        }

        #[test]
        fn every_header_round_trips(root: u128, parent: Option<u64>, sampled in 0..3usize) {
            let header = TraceHeader {
                root: TraceId::from_bits(root),
                parent: parent.map(SegmentId::from_bits),
                sampled: [Sampled::Yes, Sampled::No, Sampled::Undecided][sampled],
                lineage: None,
            };
            prop_assert_eq!(header.to_string().parse::<TraceHeader>(), Ok(header));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = text.parse::<TraceHeader>();
        }
    }
}
