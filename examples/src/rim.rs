//! The rim: the one file that reads the clock and the environment.
//!
//! Everything below takes both as values, so a test can set the time and two
//! runs with the same input give the same bytes.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names the directory that holds the object store and the queues.
pub const STORE_VARIABLE: &str = "CLOUDVAULT_STORE";

/// Whole days after which `cleanup` deletes an object; [`DEFAULT_RETENTION_DAYS`] if unset.
pub const RETENTION_VARIABLE: &str = "CLOUDVAULT_RETENTION_DAYS";

/// The days an object without an expiry of its own is kept.
pub const DEFAULT_RETENTION_DAYS: u32 = 30;

/// What the functions read from their environment, once, in `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The directory of the local object store and queues.
    pub store: PathBuf,
    /// Whole days an object without an expiry of its own is kept.
    pub retention_days: u32,
}

/// A variable is missing or has a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// [`STORE_VARIABLE`] is not set or empty.
    #[error("read {STORE_VARIABLE}: set it to the directory of the local object store")]
    NoStore,
    /// [`STORE_VARIABLE`] is a URL.
    #[error(
        "use {STORE_VARIABLE}={0:?}: this build keeps files on the local disk, give it a directory"
    )]
    NoDirectory(String),
    /// [`RETENTION_VARIABLE`] is not a number of days.
    #[error("read {RETENTION_VARIABLE}: expected whole days between 1 and 36500, found {0:?}")]
    Retention(String),
}

impl Environment {
    /// Reads the process's environment; for `main` only.
    ///
    /// # Errors
    /// As [`Environment::parse`].
    pub fn read() -> Result<Self, EnvironmentError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the environment is read, once"
        )]
        let variables = std::env::vars_os();
        Self::parse(variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads the variables given; tests pass arrays.
    ///
    /// # Errors
    /// [`EnvironmentError`] for a missing directory or a retention that is no number of days.
    pub fn parse<N, V>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, EnvironmentError>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let mut store = None;
        let mut retention_days = DEFAULT_RETENTION_DAYS;
        for (name, value) in variables {
            match name.as_ref() {
                STORE_VARIABLE => store = Some(value.into()).filter(|value| !value.is_empty()),
                RETENTION_VARIABLE => retention_days = parse_days(value.into())?,
                _ => {}
            }
        }
        let store: String = store.ok_or(EnvironmentError::NoStore)?;
        if store.contains("://") {
            return Err(EnvironmentError::NoDirectory(store));
        }
        let store = PathBuf::from(store);
        Ok(Self {
            store,
            retention_days,
        })
    }
}

fn parse_days(value: String) -> Result<u32, EnvironmentError> {
    match value.parse() {
        Ok(days @ 1..=36_500) => Ok(days),
        _ => Err(EnvironmentError::Retention(value)),
    }
}

/// Where the time comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the clock the others are given"
            )]
            let now = SystemTime::now();
            let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        }))
    }

    /// A clock that stands still until the returned hand is moved (milliseconds since 1970).
    #[must_use]
    pub fn manual(start_ms: i64) -> (Self, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(start_ms));
        let read = Arc::clone(&hand);
        (Self(Arc::new(move || read.load(Ordering::SeqCst))), hand)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// RFC 3339 with milliseconds, as S3 and EventBridge write times.
#[must_use]
pub fn rfc3339(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_are_errors_not_defaults() {
        let check = |vars: &[(&str, &str)], expect: Result<u32, EnvironmentError>| {
            let parsed = Environment::parse(vars.iter().copied());
            assert_eq!(parsed.map(|env| env.retention_days), expect, "{vars:?}");
        };
        check(&[], Err(EnvironmentError::NoStore));
        check(&[(STORE_VARIABLE, "")], Err(EnvironmentError::NoStore));
        let url = "s3://cloudvault".to_owned();
        check(
            &[(STORE_VARIABLE, &url)],
            Err(EnvironmentError::NoDirectory(url.clone())),
        );
        check(&[(STORE_VARIABLE, "/x")], Ok(30));
        check(&[(STORE_VARIABLE, "/x"), (RETENTION_VARIABLE, "7")], Ok(7));
        for bad in ["0", "-1", "soon", "99999999"] {
            check(
                &[(STORE_VARIABLE, "/x"), (RETENTION_VARIABLE, bad)],
                Err(EnvironmentError::Retention(bad.to_owned())),
            );
        }
    }
}
