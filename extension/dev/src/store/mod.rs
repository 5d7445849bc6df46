//! What the account keeps: one SQLite file that survives a restart.
//!
//! Every table is bounded by a number of rows, [`limits`]; the oldest go first.
//! Calls block for as long as SQLite takes (well under a millisecond) behind one
//! lock, so callers on an async thread may call them directly; only reading many
//! metrics is worth a blocking thread.

mod schema;
mod error;
mod logs;
mod log_events;
mod segments;
mod traces;
mod trace_pages;
mod metrics;
mod dashboards;
mod alarms;
mod topics;
mod notifications;
mod requests;
mod tags;
mod documents;
mod summary;

pub use alarms::{AlarmKind, AlarmRow, HistoryKind, HistoryQuery, HistoryRow, StateChange};
pub use dashboards::DashboardRow;
pub use documents::DocumentRow;
pub use error::StoreError;
pub use log_events::{LogEvent, LogScan, LogScanned};
pub use logs::{LogQuery, LogRecord, LogRow, OWN_STREAM};
pub use metrics::{Datum, SeriesRow};
pub use notifications::{DeliveryStatus, NewNotification, NotificationRow};
pub use requests::RequestRow;
pub use schema::limits;
pub use segments::SegmentRow;
pub use summary::Summary;
pub use topics::{SubscriptionRow, TopicRow};
pub use trace_pages::{TracePage, TraceRange};
pub use traces::{Trace, TraceLink, TraceQuery, TraceSummary};

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction};

/// The account's tables. A clone is another handle on the same file.
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens `account.sqlite` in a folder, or makes both.
    ///
    /// # Errors
    /// When the folder cannot be written, the file is no database, or a newer
    /// version of `obs dev` wrote it.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        std::fs::create_dir_all(folder)?;
        Self::with(Connection::open(folder.join("account.sqlite"))?)
    }

    /// A store that is gone when the last handle is; for tests.
    ///
    /// # Errors
    /// When SQLite cannot start.
    pub fn in_memory() -> Result<Store, StoreError> {
        Self::with(Connection::open_in_memory()?)
    }

    fn with(mut connection: Connection) -> Result<Store, StoreError> {
        schema::prepare(&mut connection)?;
        Ok(Store {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back: the
        // connection is as good as before.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` as one transaction: all of it happens or nothing.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

#[cfg(test)]
mod tests;
