//! SNS topics and their subscriptions.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError};

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicRow {
    /// `arn:aws:sns:REGION:ACCOUNT:NAME`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What was set with SetTopicAttributes or at creation.
    pub attributes: BTreeMap<String, String>,
}

/// A subscription to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// The topic's ARN, a colon and an id.
    pub arn: String,
    /// The topic's ARN.
    pub topic: String,
    /// `http`, `email`, ...
    pub protocol: String,
    /// Where to.
    pub endpoint: String,
    /// What confirms it.
    pub token: String,
    /// Whether it was confirmed; only then is anything delivered.
    pub confirmed: bool,
    /// What was set at Subscribe, such as `RawMessageDelivery`.
    pub attributes: BTreeMap<String, String>,
}

const COLUMNS: &str = "arn, topic, protocol, endpoint, token, confirmed, attributes";

impl Store {
    /// Creates a topic or replaces its attributes.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_topic(&self, topic: &TopicRow) -> Result<(), StoreError> {
        let attributes = serde_json::to_string(&topic.attributes)?;
        self.lock().execute(
            "INSERT OR REPLACE INTO topics VALUES (?1, ?2, ?3)",
            params![topic.arn, topic.name, attributes],
        )?;
        Ok(())
    }

    /// One topic.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn topic(&self, arn: &str) -> Result<Option<TopicRow>, StoreError> {
        let sql = "SELECT arn, name, attributes FROM topics WHERE arn = ?1";
        Ok(self.lock().query_row(sql, [arn], topic_row).optional()?)
    }

    /// Every topic, by ARN.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn topics(&self) -> Result<Vec<TopicRow>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT arn, name, attributes FROM topics ORDER BY arn")?;
        let rows = statement.query_map([], topic_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes a topic with its subscriptions.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn delete_topic(&self, arn: &str) -> Result<(), StoreError> {
        self.write(|t| {
            t.execute("DELETE FROM subscriptions WHERE topic = ?1", [arn])?;
            t.execute("DELETE FROM topics WHERE arn = ?1", [arn])?;
            t.execute("DELETE FROM tags WHERE arn = ?1", [arn])?;
            Ok(())
        })
    }

    /// Adds a subscription or replaces the one with its ARN.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_subscription(&self, subscription: &SubscriptionRow) -> Result<(), StoreError> {
        let attributes = serde_json::to_string(&subscription.attributes)?;
        self.lock().execute(
            "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                subscription.arn,
                subscription.topic,
                subscription.protocol,
                subscription.endpoint,
                subscription.token,
                subscription.confirmed,
                attributes
            ],
        )?;
        Ok(())
    }

    /// Every subscription, of one topic or of all, by ARN.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn subscriptions(&self, topic: Option<&str>) -> Result<Vec<SubscriptionRow>, StoreError> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {COLUMNS} FROM subscriptions WHERE ?1 IS NULL OR topic = ?1 ORDER BY arn"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([topic], subscription_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One subscription.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn subscription(&self, arn: &str) -> Result<Option<SubscriptionRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM subscriptions WHERE arn = ?1");
        Ok(self
            .lock()
            .query_row(&sql, [arn], subscription_row)
            .optional()?)
    }

    /// Removes a subscription; one that is not there is no error.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn delete_subscription(&self, arn: &str) -> Result<(), StoreError> {
        self.lock()
            .execute("DELETE FROM subscriptions WHERE arn = ?1", [arn])?;
        Ok(())
    }
}

fn attributes(row: &Row<'_>, column: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn topic_row(row: &Row<'_>) -> rusqlite::Result<TopicRow> {
    Ok(TopicRow {
        arn: row.get(0)?,
        name: row.get(1)?,
        attributes: attributes(row, 2)?,
    })
}

fn subscription_row(row: &Row<'_>) -> rusqlite::Result<SubscriptionRow> {
    Ok(SubscriptionRow {
        arn: row.get(0)?,
        topic: row.get(1)?,
        protocol: row.get(2)?,
        endpoint: row.get(3)?,
        token: row.get(4)?,
        confirmed: row.get(5)?,
        attributes: attributes(row, 6)?,
    })
}
