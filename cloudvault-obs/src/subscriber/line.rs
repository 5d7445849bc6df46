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
    around::{Around, Whereabouts},
    context::Context,
    fields::Fields,
    second::Second,
    site::{Site, Sites},
};
use crate::{
    clock,
    invocation::Invocation,
    log::{Format, Kept, PANIC_TARGET, Severity, Shared, TIMEOUT_TARGET},
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
    /// Whose all this is.
    writer: u64,
}

impl Thread {
    /// What this thread keeps for the writer `serial`.
    #[inline]
    fn of(&mut self, serial: u64) -> &mut Self {
        if self.writer != serial {
            self.begin(serial);
        }
        self
    }

    /// Another writer takes turns on this thread, as in tests.
    #[cold]
    fn begin(&mut self, serial: u64) {
        *self = Self {
            writer: serial,
            ..Self::default()
        };
    }
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
        let kept = THREAD.try_with(|thread| {
            let mut thread = thread.try_borrow_mut().ok()?;
            let sites = &mut thread.of(self.serial).sites;
            Some(Rc::clone(sites.get(metadata, self)))
        });
        // Within a line, or where the thread ends.
        let anew = || Rc::new(self.anew(metadata));
        kept.ok().flatten().unwrap_or_else(anew)
    }

    /// A callsite, looked at for the first time.
    pub(super) fn anew(&self, metadata: &'static Metadata<'static>) -> Site {
        Site::new(metadata, &self.fixed.0, &self.shared.settings.redactor)
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
            let mut thread = thread.try_borrow_mut().ok()?;
            let around = &mut thread.of(self.serial).around;
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
    fn now(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
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
            ..
        } = thread.of(self.serial);
        around.find(self.now(), within);
        let site = &**sites.get(metadata, self);
        let fate = self.fate(site.severity, &around.context);
        if matches!(fate, Fate::Drop) {
            return;
        }
        let settings = &self.shared.settings;
        let now_ms = clock::coarse_ms();
        line.clear();
        second.append(line, (now_ms, &settings.zone), &site.head);
        let fields = Fields::record(line, event, (site, &settings.redactor));
        around.append(line, fields, site);
        line.extend_from_slice(b"}\n");
        if line.len() > settings.limit {
            cut(line, settings.limit);
        }
        let finished = match self.style {
            None => line.as_slice(),
            Some(style) => styled(line, text, style),
        };
        match fate {
            Fate::Keep => {
                let invocation = around.context.invocation.as_deref();
                let kept = invocation.map_or(&self.shared.before, |it| &it.log.kept);
                kept.push(finished, settings.buffer);
            }
            Fate::Write | Fate::Drop => {
                if settings.buffer > 0 && flushes(metadata) {
                    self.write_kept(around.context.invocation.as_deref(), now_ms);
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
    fn fate(&self, severity: Severity, context: &Context) -> Fate {
        if self.shared.levels.writes(severity) {
            return Fate::Write;
        }
        if severity > Severity::DEBUG {
            return Fate::Drop;
        }
        match &context.invocation {
            Some(invocation) if invocation.debug() => Fate::Write,
            _ if self.shared.settings.buffer > 0 => Fate::Keep,
            _ => Fate::Drop,
        }
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
            match self.style {
                None => out.extend_from_slice(&notice),
                Some(style) => {
                    out.extend_from_slice(styled(&notice, &mut Vec::new(), style));
                }
            }
        }
        out.extend_from_slice(&lines);
    }
}

/// Cuts a line that the log service would refuse.
#[cold]
fn cut(line: &mut Vec<u8>, limit: usize) {
    line.pop();
    lines::cut(line, limit);
    line.push(b'\n');
}

/// `line` as a person reads it.
#[cold]
fn styled<'a>(line: &[u8], text: &'a mut Vec<u8>, style: Style) -> &'a [u8] {
    text.clear();
    lines::text(text, &line[..line.len() - 1], style);
    text.push(b'\n');
    text
}

/// Whether an event says that the invocation fails.
fn flushes(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR
        || metadata.target() == TIMEOUT_TARGET
        || metadata.target() == PANIC_TARGET
}
