//! Notifications: what was sent to which subscription, and what became of it.

use rusqlite::params;
use serde::Serialize;

use super::schema::{limits, prune};
use super::{Store, StoreError};

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Delivery is under way.
    Pending,
    /// The endpoint answered 2xx.
    Delivered,
    /// Every attempt failed, or the endpoint may not be reached from here.
    Failed,
    /// Kept here to be read, not sent anywhere: e-mail and text messages.
    Captured,
    /// Nobody had confirmed the subscription, so nothing was sent.
    Unconfirmed,
}

impl DeliveryStatus {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "failed",
            DeliveryStatus::Captured => "captured",
            DeliveryStatus::Unconfirmed => "unconfirmed",
        }
    }
}

/// A notification about to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// The topic's ARN.
    pub topic: String,
    /// The subscription's ARN.
    pub subscription: String,
    /// The subscription's protocol.
    pub protocol: String,
    /// What is known of it so far.
    pub status: DeliveryStatus,
    /// The subject, if it has one.
    pub subject: Option<String>,
    /// The message as it was published.
    pub message: String,
}

/// A notification that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationRow {
    /// Counts up over all notifications.
    pub id: i64,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// The topic's ARN.
    pub topic: String,
    /// The subscription's ARN.
    pub subscription: String,
    /// The subscription's protocol.
    pub protocol: String,
    /// One of [`DeliveryStatus::as_str`].
    pub status: String,
    /// How often delivery was tried.
    pub attempts: i64,
    /// The subject, if it has one.
    pub subject: Option<String>,
    /// The message as it was published.
    pub message: String,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

impl Store {
    /// Keeps a notification and gives its id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_notification(&self, new: &NewNotification) -> Result<i64, StoreError> {
        self.write(|t| {
            t.execute(
                "INSERT INTO notifications (time_ms, topic, subscription, protocol, status, attempts,
                 subject, message) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
                params![
                    new.time_ms,
                    new.topic,
                    new.subscription,
                    new.protocol,
                    new.status.as_str(),
                    new.subject,
                    new.message
                ],
            )?;
            let id = t.last_insert_rowid();
            prune(t, "notifications", "id", limits::NOTIFICATIONS)?;
            Ok(id)
        })
    }

    /// Notes what became of a notification after so many attempts.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn notification_tried(
        &self,
        id: i64,
        status: DeliveryStatus,
        attempts: u32,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        self.lock().execute(
            "UPDATE notifications SET status = ?2, attempts = ?3, problem = ?4 WHERE id = ?1",
            params![id, status.as_str(), attempts, problem],
        )?;
        Ok(())
    }

    /// The newest notifications, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn notifications(&self, limit: usize) -> Result<Vec<NotificationRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT id, time_ms, topic, subscription, protocol, status, attempts, subject, message,
             problem FROM notifications ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(NotificationRow {
                id: row.get(0)?,
                time_ms: row.get(1)?,
                topic: row.get(2)?,
                subscription: row.get(3)?,
                protocol: row.get(4)?,
                status: row.get(5)?,
                attempts: row.get(6)?,
                subject: row.get(7)?,
                message: row.get(8)?,
                problem: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
