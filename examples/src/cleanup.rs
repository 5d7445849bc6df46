//! Deletes files that have expired; called by an EventBridge schedule.
//!
//! A file expires at the time in its `expires-at` metadata, or when it is
//! older than the retention. The event's own time counts as now, so a
//! schedule that is replayed decides as it did.
//!
//! Log and metric: `file expired` <-> `FilesExpired` +1, for each file;
//! `store measured` with field `bytes` <-> `StoredBytes`.

use std::sync::Arc;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use obs::{Error, LambdaEvent};
use serde_json::{Value, json};

use crate::meter;
use crate::store::{Key, List, Object, Page, StoreError};
use crate::vault::{EXPIRES_AT, Vault};

/// Files looked at in one listing.
const PAGE: usize = 500;

/// The most files deleted in one invocation; the next one goes on.
pub const MAX_DELETES: usize = 1_000;

/// What one cleanup did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sweep {
    examined: usize,
    expired: usize,
    kept_bytes: u64,
}

/// Handles one tick of the schedule.
///
/// # Errors
/// For what is no scheduled event, and when the store fails.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    let event: EventBridgeEvent = serde_json::from_value(event.payload)?;
    if event.detail_type != "Scheduled Event" {
        return Err(format!("expected a scheduled event, found {:?}", event.detail_type).into());
    }
    let now = event
        .time
        .map_or_else(|| vault.clock.now_ms(), |time| time.timestamp_millis());
    let sweep = sweep(&vault, now).await?;
    tracing::info!(
        bytes = sweep.kept_bytes,
        examined = sweep.examined,
        "store measured"
    );
    metrics::gauge!("StoredBytes").set(meter::bytes(sweep.kept_bytes));
    Ok(json!({
        "examined": sweep.examined,
        "expired": sweep.expired,
        "stored_bytes": sweep.kept_bytes,
    }))
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket()))]
async fn sweep(vault: &Arc<Vault>, now: i64) -> Result<Sweep, StoreError> {
    let (mut sweep, mut after) = (Sweep::default(), None);
    loop {
        let page = list_page(vault, after).await?;
        for object in &page.objects {
            sweep.examined += 1;
            let due = is_expired(object, now, vault.retention_ms) && sweep.expired < MAX_DELETES;
            if due && delete_object(vault, object).await? {
                tracing::info!(key = %object.key, bytes = object.size, "file expired");
                metrics::counter!("FilesExpired").increment(1);
                sweep.expired += 1;
            } else if !due {
                sweep.kept_bytes += object.size;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(sweep);
        }
    }
}

async fn list_page(vault: &Arc<Vault>, after: Option<String>) -> Result<Page, StoreError> {
    let work = move |vault: &Vault| {
        vault.files.list(List {
            prefix: "",
            after: after.as_deref(),
            limit: PAGE,
        })
    };
    vault.blocking(work).await
}

#[tracing::instrument(skip_all, fields(key = %object.key))]
async fn delete_object(vault: &Arc<Vault>, object: &Object) -> Result<bool, StoreError> {
    let Ok(key) = Key::parse(&object.key) else {
        return Ok(false);
    };
    vault.blocking(move |vault| vault.files.delete(&key)).await
}

/// An expiry that is no number is none: such a file is kept for the retention.
fn is_expired(object: &Object, now: i64, retention_ms: i64) -> bool {
    let own = object
        .user(EXPIRES_AT)
        .and_then(|text| text.parse::<i64>().ok());
    let due = own.unwrap_or_else(|| object.last_modified_ms.saturating_add(retention_ms));
    now >= due
}
