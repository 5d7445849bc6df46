//! The journal when an extension reads it, else lines.

use std::{
    fs::{File, TryLockError},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cloudvault_obs_core::{
    journal::{Journal, Writer},
    json,
};

use super::{
    kept::{Ending, Keeping, Kept, Line, Properties},
    settings::{Route, Settings},
};
use crate::{
    invocation::{self, Invocation},
    output::Output,
};

/// Takes every point, one way or the other.
#[derive(Debug)]
pub(super) struct Sink {
    journal: Option<Attached>,
    output: Output,
    level: &'static str,
    /// Points that were recorded outside any invocation.
    outside: Kept,
    lost: AtomicU64,
}

#[derive(Debug)]
struct Attached {
    writer: Arc<Writer>,
    /// Held for the life of the process: one writer at a time.
    _writing: File,
}

impl Sink {
    pub(super) fn open(journal: &Path, settings: &Settings, output: Output) -> Self {
        let journal = match settings.route {
            Route::Auto => attach(journal),
            Route::Lines | Route::Off => None,
        };
        Self {
            journal,
            output,
            level: settings.level,
            outside: Kept::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// The journal's writer, if an extension is there to read.
    pub(super) fn writer(&self) -> Option<&Arc<Writer>> {
        Some(&self.journal.as_ref()?.writer)
    }

    /// Keeps points for a line of the current invocation.
    #[cold]
    pub(super) fn keep(&self, line: &Line, timestamp_ms: i64, point: (f64, u64)) {
        if let Some(invocation) = invocation::current() {
            match invocation.points.add(line, timestamp_ms, point) {
                Keeping::Waits => return,
                Keeping::Enough => {
                    return self.write(&invocation.points, Some(&invocation), Ending::GoesOn);
                }
                Keeping::Ended => {}
            }
        }
        if self.outside.add(line, timestamp_ms, point) == Keeping::Enough {
            self.write(&self.outside, None, Ending::GoesOn);
        }
    }

    /// Writes what waits, of `invocation` and of nobody, as lines.
    pub(super) fn flush(&self, invocation: Option<&Invocation>) {
        if let Some(invocation) = invocation {
            self.write(&invocation.points, Some(invocation), Ending::Last);
        }
        self.write(&self.outside, None, Ending::GoesOn);
    }

    fn write(&self, kept: &Kept, of: Option<&Invocation>, ending: Ending) {
        let taken = kept.take(ending);
        if taken.is_empty() {
            return;
        }
        let mut out = Vec::with_capacity(taken.bytes());
        let written = taken.write(&mut out, self.level, of.map(ids).unwrap_or_default());
        self.output.write(&out);
        self.lose(written.dropped);
    }

    /// Counts points that leave nowhere.
    pub(super) fn lose(&self, points: u64) {
        self.lost.fetch_add(points, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// What makes an invocation's lines findable beside its log lines.
fn ids(invocation: &Invocation) -> Properties {
    let text = |text: &str| {
        let mut out = Vec::with_capacity(text.len() + 2);
        json::string(&mut out, text);
        out
    };
    let mut ids = vec![
        ("request_id".into(), text(&invocation.request_id)),
        (
            "correlation_id".into(),
            text(invocation.correlation_id.as_str()),
        ),
    ];
    if let Some(trace) = &invocation.trace {
        ids.push(("xray_trace_id".into(), text(&trace.root.to_string())));
    }
    ids
}

/// The journal, if an extension holds it: its lock is the sign that the
/// extension lives, and goes with it whatever way it ends.
fn attach(path: &Path) -> Option<Attached> {
    let file = File::options().read(true).write(true).open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // Nobody holds it, or locks do not work here: nobody would read it.
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".writer");
    let writing = File::options()
        .create(true)
        .append(true)
        .open(beside)
        .ok()?;
    writing.try_lock().ok()?;
    let journal = Journal::open(&file).ok()?;
    Some(Attached {
        writer: Arc::new(Writer::attach(&journal)),
        _writing: writing,
    })
}
