//! One event as one line.
//!
//! The hot path of the product: a thread keeps the buffer, the callsite's
//! rendered parts and the rendered members of the span it is in, so that a line
//! allocates nothing and looks nothing up. Redaction, reserved keys and limits
//! are part of it and cannot be bypassed.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cloudvault_obs_core::{
    json::{self, Value},
    log::{self as lines, Style},
    trace::SegmentId,
};
use tracing::{Event, Level, Metadata};

use super::{
    around::{Around, Now, Whereabouts},
    context::Context,
    fields::Fields,
    second::Second,
    site::{Site, Sites},
};
use crate::{
    clock,
    invocation::Invocation,
    log::{Format, Kept, PANIC_TARGET, Shared, TIMEOUT_TARGET},
    output::Output,
};

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
            member(&mut bytes, key, Value::Str(value));
        }
        Self(bytes)
    }

    /// With what the log's settings add.
    pub(crate) fn with(mut self, log: &Shared) -> Self {
        if let Some(memory) = log.settings.memory_mb {
            member(&mut self.0, "function_memory_size", memory.into());
        }
        if log.settings.sample > 0.0 {
            member(&mut self.0, "sampling_rate", log.settings.sample.into());
        }
        self
    }
}

fn member(out: &mut Vec<u8>, key: &str, value: Value<'_>) {
    out.push(b',');
    json::string(out, key);
    out.push(b':');
    json::value(out, value);
}

/// Writes events as lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Tells this writer's sites and spans from another's on the same thread.
    pub(super) serial: u64,
    /// Grows when a living span's members change.
    epoch: AtomicU64,
    fixed: Static,
    pub(super) shared: Arc<Shared>,
    style: Option<Style>,
    output: Output,
}

/// What a thread keeps between lines.
#[derive(Default)]
struct Thread {
    line: Vec<u8>,
    text: Vec<u8>,
    sites: Sites,
    around: Around,
    second: Second,
    /// Whose clock `second` shows.
    writer: u64,
}

/// A buffer that one huge line has grown is given back.
const KEEP: usize = 64 * 1024;

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

/// What becomes of an event.
enum Fate {
    Write,
    Keep,
    Drop,
}

impl Lines {
    pub(crate) fn new(fixed: Static, shared: &Arc<Shared>, output: Output) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let style = match shared.settings.style {
            Format::Json => None,
            Format::Text(style) => Some(style),
            Format::Detect { colour } => output.is_terminal().then_some(if colour {
                Style::Colour
            } else {
                Style::Terminal
            }),
        };
        Self {
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            epoch: AtomicU64::new(0),
            fixed: fixed.with(shared),
            shared: Arc::clone(shared),
            style,
            output,
        }
    }

    /// What is known of a callsite.
    pub(super) fn site(&self, metadata: &'static Metadata<'static>) -> Rc<Site> {
        let rules = (&*self.fixed.0, &self.shared.settings.redactor);
        let kept = THREAD.try_with(|thread| {
            let mut thread = thread.try_borrow_mut().ok()?;
            Some(Rc::clone(thread.sites.get(self.serial, metadata, rules)))
        });
        // Within a line, or where the thread ends.
        let anew = || Rc::new(Site::new(metadata, rules.0, rules.1));
        kept.ok().flatten().unwrap_or_else(anew)
    }

    /// Lets a span begin with what is above it; answers the subsegment there.
    #[inline]
    pub(super) fn inherit(
        &self,
        span: &mut Context,
        (parent, spans): Whereabouts<'_>,
    ) -> Option<SegmentId> {
        let Some(parent) = parent else {
            span.leave();
            return None;
        };
        let kept = THREAD.try_with(|thread| {
            let around = &mut thread.try_borrow_mut().ok()?.around;
            around.inherited(self.now(), span, (parent, spans))
        });
        match kept {
            Ok(Some(segment)) => segment,
            _ => {
                let found = spans.with(parent, |above| span.inherit(&above.context));
                found.unwrap_or_else(|| {
                    span.leave();
                    None
                })
            }
        }
    }

    #[inline]
    fn now(&self) -> Now {
        (self.serial, self.epoch.load(Ordering::Acquire))
    }

    /// A span's members have changed.
    pub(super) fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Writes `event`, with the members of the spans around it.
    #[inline]
    pub(super) fn write(&self, event: &Event<'_>, within: Whereabouts<'_>) {
        let written = THREAD.try_with(|thread| {
            let thread = &mut *thread.try_borrow_mut().ok()?;
            self.event(thread, event, within);
            Some(())
        });
        if !matches!(written, Ok(Some(()))) {
            self.write_apart(event, within);
        }
    }

    /// A field's Debug that itself logs: its line gets buffers of its own.
    #[cold]
    fn write_apart(&self, event: &Event<'_>, within: Whereabouts<'_>) {
        self.event(&mut Thread::default(), event, within);
    }

    #[inline(always)]
    fn event(&self, thread: &mut Thread, event: &Event<'_>, within: Whereabouts<'_>) {
        let metadata = event.metadata();
        let Thread {
            line,
            text,
            sites,
            around,
            second,
            writer,
        } = thread;
        if *writer != self.serial {
            (*second, *writer) = (Second::default(), self.serial);
        }
        around.find(self.now(), within);
        let fate = self.fate(*metadata.level(), around.context.invocation.as_deref());
        if matches!(fate, Fate::Drop) {
            return;
        }
        let now_ms = clock::coarse_ms();
        let redactor = &self.shared.settings.redactor;
        let site = sites.get(self.serial, metadata, (&self.fixed.0, redactor));
        line.clear();
        second.append(line, now_ms, &self.shared.settings.zone);
        let fields = Fields::record(line, event, (site, redactor));
        let address = std::ptr::from_ref(metadata).addr();
        around.append(line, fields, (address, site));
        line.extend_from_slice(b"}\n");
        if line.len() > self.shared.settings.limit {
            line.pop();
            lines::cut(line, self.shared.settings.limit);
            line.push(b'\n');
        }
        let finished = self.styled(line, text);
        let invocation = around.context.invocation.as_deref();
        match fate {
            Fate::Keep => {
                let kept = invocation.map_or(&self.shared.before, |it| &it.log.kept);
                kept.push(finished, self.shared.settings.buffer);
            }
            Fate::Write | Fate::Drop => {
                if self.shared.settings.buffer > 0 && flushes(metadata) {
                    self.write_kept(invocation, now_ms);
                }
                self.output.write(finished);
            }
        }
        if line.capacity() > KEEP {
            *line = Vec::new();
            *text = Vec::new();
        }
    }

    #[inline]
    fn fate(&self, level: Level, invocation: Option<&Invocation>) -> Fate {
        if self.shared.levels.writes(level) {
            return Fate::Write;
        }
        if level > Level::DEBUG {
            return Fate::Drop;
        }
        match invocation {
            Some(invocation) if invocation.debug() => Fate::Write,
            _ if self.shared.settings.buffer > 0 => Fate::Keep,
            _ => Fate::Drop,
        }
    }

    fn styled<'a>(&self, line: &'a [u8], text: &'a mut Vec<u8>) -> &'a [u8] {
        let Some(style) = self.style else {
            return line;
        };
        text.clear();
        lines::text(text, &line[..line.len() - 1], style);
        text.push(b'\n');
        text
    }

    /// Writes the lines that were kept for a failure, before the line that tells
    /// of it: those of the start, if no invocation has gone well since, and those
    /// of the invocation.
    #[cold]
    fn write_kept(&self, invocation: Option<&Invocation>, now_ms: i64) {
        let mut out = Vec::new();
        self.take(&mut out, &self.shared.before, (None, now_ms));
        if let Some(invocation) = invocation {
            let said = (Some(invocation.request_id.as_str()), now_ms);
            self.take(&mut out, &invocation.log.kept, said);
        }
        if !out.is_empty() {
            self.output.write(&out);
        }
    }

    /// Writes the lines that the process has kept before its first invocation.
    pub(crate) fn write_start(&self) {
        self.write_kept(None, clock::coarse_ms());
    }

    fn take(&self, out: &mut Vec<u8>, kept: &Kept, (request, now_ms): (Option<&str>, i64)) {
        let (lines, evicted) = kept.take();
        if evicted.lines > 0 {
            let mut notice = b"{\"timestamp\":\"".to_vec();
            self.shared.settings.zone.timestamp(&mut notice, now_ms);
            notice.extend_from_slice(b"\",\"level\":\"WARN\"");
            let message = "the oldest debug lines did not fit the buffer";
            member(&mut notice, "message", message.into());
            member(&mut notice, "target", "cloudvault_obs::log".into());
            if let Some(request) = request {
                member(&mut notice, "request_id", request.into());
            }
            member(&mut notice, "lines_evicted", evicted.lines.into());
            member(&mut notice, "bytes_evicted", evicted.bytes.into());
            notice.extend_from_slice(&self.fixed.0);
            notice.extend_from_slice(b"}\n");
            out.extend_from_slice(self.styled(&notice, &mut Vec::new()));
        }
        out.extend_from_slice(&lines);
    }
}

/// Whether an event says that the invocation fails.
fn flushes(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR
        || metadata.target() == TIMEOUT_TARGET
        || metadata.target() == PANIC_TARGET
}
