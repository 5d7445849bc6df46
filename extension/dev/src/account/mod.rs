//! The account: what the endpoints, the sandbox, the alarm clock and the page
//! share. It is the state of one AWS account in one region, kept in the store, and
//! the operations that AWS's services have on it.

pub(crate) mod operations;
mod paging;
mod put_metric_data;
mod read_metrics;
mod alarms;
pub(crate) mod composites;
mod describe_alarms;
mod alarm_state;
pub(crate) mod transition;
mod message;
mod publish;
mod policy;
pub(crate) mod outbox;
mod dashboards;
mod mute_window;
mod mute_rules;
mod tags;
mod sns;
mod subscriptions;
mod sts;
mod segment;
mod xray;
mod sampling_rules;
mod log_groups;
mod metric_filters;
mod log_events;
mod event_rules;

pub use segment::SegmentError;

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::store::{LogRecord, Store, StoreError};
use outbox::Outbox;

/// What happened, for everybody who shows the account live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A log line was written.
    Log,
    /// A segment arrived or was completed.
    Trace,
    /// Metric data arrived.
    Metric,
    /// An alarm was configured, deleted, or changed its state.
    Alarm,
    /// A notification was sent, or its delivery was tried.
    Notification,
    /// A function was invoked, or an environment changed its state.
    Invocation,
    /// A dashboard was put or deleted.
    Dashboard,
}

/// One local AWS account in one region.
#[derive(Debug)]
pub struct Account {
    /// What the account keeps.
    pub store: Store,
    /// The time as the account sees it.
    pub clock: Arc<dyn Clock>,
    /// The region in every ARN.
    pub region: String,
    /// The twelve digits in every ARN.
    pub account_id: String,
    /// Told about every change; nobody has to listen.
    pub changes: broadcast::Sender<Change>,
    /// Where the account's endpoints are, such as `http://127.0.0.1:4400`.
    pub endpoint: String,
    /// Hosts beside loopback that notifications may be posted to.
    pub notify_hosts: Vec<String>,
    /// Deliveries on their way to subscriptions.
    pub(crate) outbox: Outbox,
    /// What fails on purpose.
    pub(crate) faults: Faults,
}

impl Account {
    /// An account over a store; its id is `000000000000`.
    pub fn new(store: Store, clock: Arc<dyn Clock>, region: &str, endpoint: &str) -> Self {
        Self {
            store,
            clock,
            region: region.to_owned(),
            account_id: "000000000000".to_owned(),
            changes: broadcast::channel(1024).0,
            endpoint: endpoint.to_owned(),
            notify_hosts: Vec::new(),
            outbox: Outbox::new(),
            faults: Faults::default(),
        }
    }

    /// The account, allowed to post notifications to these hosts too.
    #[must_use]
    pub fn notifying(mut self, hosts: Vec<String>) -> Self {
        self.notify_hosts = hosts;
        self
    }

    /// Whether notifications may be posted to a host: this machine, or one that
    /// was allowed.
    pub(crate) fn may_notify(&self, host: &str) -> bool {
        crate::guard::is_loopback(host) || self.notify_hosts.iter().any(|allowed| allowed == host)
    }

    /// Tells everybody who listens that something changed.
    pub fn changed(&self, change: Change) {
        // An error only says that nobody listens.
        let _ = self.changes.send(change);
    }

    /// Takes one line that a function wrote, as CloudWatch Logs would.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn log(&self, record: &LogRecord) -> Result<i64, StoreError> {
        let id = self.store.append_log(record)?;
        self.filter_line(record)?;
        self.changed(Change::Log);
        Ok(id)
    }
}
