//! The journal when an extension reads it, else lines.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloudvault_obs_core::{
    emf,
    journal::{Journal, SeriesId, Writer},
    metric::Series,
};

use crate::{clock, output::Output};

/// Takes every point, one way or the other.
#[derive(Debug)]
pub(super) struct Sink {
    journal: Option<Attached>,
    /// Points on their way to stdout, by series.
    lines: Mutex<Waiting>,
}

/// Values with how often each was recorded, by series.
type Waiting = HashMap<Arc<Series>, Vec<(f64, u64)>>;

#[derive(Debug)]
struct Attached {
    writer: Writer,
    /// Held for the life of the process: one writer at a time.
    _writing: File,
}

impl Sink {
    pub(super) fn open(journal: &Path) -> Self {
        Self {
            journal: attach(journal),
            lines: Mutex::default(),
        }
    }

    pub(super) fn has_extension(&self) -> bool {
        self.journal.is_some()
    }

    /// The journal's number for `series`; `None` sends its points as lines.
    pub(super) fn intern(&self, series: &Series) -> Option<SeriesId> {
        self.journal.as_ref()?.writer.series(series).ok()
    }

    #[inline]
    pub(super) fn record(&self, id: Option<SeriesId>, series: &Arc<Series>, point: (f64, i64)) {
        let (value, timestamp_ms) = point;
        if let (Some(journal), Some(id)) = (&self.journal, id)
            && journal.writer.record(id, value, timestamp_ms).is_ok()
        {
            return;
        }
        self.keep(series, value);
    }

    #[cold]
    fn keep(&self, series: &Arc<Series>, value: f64) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let values = lines.entry(Arc::clone(series)).or_default();
        match values
            .iter_mut()
            .find(|(known, _)| known.to_bits() == value.to_bits())
        {
            Some((_, count)) => *count += 1,
            None => values.push((value, 1)),
        }
    }

    /// Writes the points that wait as lines; answers how many could not be
    /// expressed.
    pub(super) fn flush(&self, output: &Output) -> u64 {
        let taken = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *lines)
        };
        if taken.is_empty() {
            return 0;
        }
        // Hash maps have no order; lines should be the same for the same input.
        let mut taken: Vec<_> = taken.into_iter().collect();
        taken.sort_by(|(a, _), (b, _)| (&a.name, &a.dimensions).cmp(&(&b.name, &b.dimensions)));
        let data: Vec<_> = taken
            .iter()
            .map(|(series, values)| emf::Data { series, values })
            .collect();
        let mut out = Vec::new();
        let written = emf::write_lines(&mut out, clock::now_ms(), &data);
        output.write(&out);
        written.dropped
    }
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
        writer: Writer::attach(&journal),
        _writing: writing,
    })
}
