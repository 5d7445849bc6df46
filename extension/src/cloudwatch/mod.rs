//! CloudWatch as the flush sees it: a place that takes a batch or says why not.

mod transport;
mod wire;
pub mod aws;

use std::{future::Future, time::Duration};

pub(crate) use transport::{Transport, never_sent};

use crate::batch::Batch;

/// Takes batches.
pub trait Put {
    /// Sends one batch, once, and waits at most `limit` for the answer. The
    /// future may be dropped at any time; what was on the wire then may or may
    /// not have been taken.
    fn put(&self, batch: &Batch, limit: Duration) -> impl Future<Output = Result<(), PutError>>;

    /// Does what can be done before the first batch, without sending anything.
    fn prepare(&self);

    /// Forgets connections: they went stale while the environment was frozen.
    fn reconnect(&mut self);
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PutError {
    /// What can be done about it.
    pub class: Class,
    /// CloudWatch's error code, or our name for what happened on the way.
    pub code: String,
    /// What it said.
    pub message: String,
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not taken, and worth another try a little later: the account's rate is
    /// used up.
    Throttled,
    /// Not taken, and worth another try: a server's fault, or never sent.
    Transient,
    /// On the way when the answer failed to come: it may have been taken.
    Unconfirmed,
    /// Not taken, and no try soon will be: credentials, permissions, endpoint.
    /// The points stay.
    Denied,
    /// Something in the batch is not acceptable, and never will be.
    Unacceptable,
    /// The request is too large (413): halves of it may be taken.
    TooLarge,
}

impl Class {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 6] = [
        Self::Throttled,
        Self::Transient,
        Self::Unconfirmed,
        Self::Denied,
        Self::Unacceptable,
        Self::TooLarge,
    ];

    /// Its name in log lines and as a dimension's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Unconfirmed => "unconfirmed",
            Self::Denied => "denied",
            Self::Unacceptable => "unacceptable",
            Self::TooLarge => "too_large",
        }
    }
}

/// Judges an answer by its error code, and only then by its status: throttling
/// comes as HTTP 400, as bad data does.
#[must_use]
pub fn classify(code: &str, status: u16) -> Class {
    // Codes come as `Name`, `com.amazonaws.x#Name` or `Name:http://...`.
    let name = code.rsplit_once('#').map_or(code, |(_, name)| name);
    let name = name.split(':').next().unwrap_or(name);
    match name.strip_suffix("Exception").unwrap_or(name) {
        "Throttling" | "Throttled" | "ThrottlingError" | "RequestThrottled" | "TooManyRequests"
        | "RequestLimitExceeded" | "LimitExceeded" | "LimitExceededFault" | "SlowDown"
        | "BandwidthLimitExceeded" | "PriorRequestNotComplete" => Class::Throttled,
        "RequestTimeout" | "InternalService" | "InternalServiceError" | "InternalServiceFault" | "InternalFailure"
        | "InternalError" | "InternalServer" | "ServiceUnavailable" | "TransientError"
        // Our clock ran behind, for one after a thaw: the next try signs anew.
        | "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => Class::Transient,
        "InvalidParameterValue" | "InvalidParameterCombination" | "MissingRequiredParameter"
        | "MissingParameter" | "InvalidFormat" | "InvalidFormatFault" | "Validation"
        | "ValidationError" | "InvalidRequest" | "Serialization" | "MalformedInput" if status != 413 => {
            Class::Unacceptable
        }
        "RequestEntityTooLarge" => Class::TooLarge,
        _ if status == 413 => Class::TooLarge,
        _ if status == 429 => Class::Throttled,
        _ if status >= 500 => Class::Transient,
        _ => Class::Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_counts_more_than_the_status() {
        let check =
            |code, status, class| assert_eq!(classify(code, status), class, "{code} {status}");
        check("Throttling", 400, Class::Throttled);
        check("ThrottlingException", 400, Class::Throttled);
        check("com.amazonaws.cloudwatch#Throttling", 400, Class::Throttled);
        check("RequestLimitExceeded", 503, Class::Throttled);
        check("InternalServiceFault", 500, Class::Transient);
        check("", 503, Class::Transient);
        check("", 429, Class::Throttled);
        check("InvalidParameterValue", 400, Class::Unacceptable);
        check(
            "InvalidParameterValueException:http://internal/",
            400,
            Class::Unacceptable,
        );
        check("InvalidFormat", 400, Class::Unacceptable);
        check("", 413, Class::TooLarge);
        check("ValidationException", 413, Class::TooLarge);
        check("RequestEntityTooLarge", 400, Class::TooLarge);
        check("ExpiredTokenException", 403, Class::Denied);
        check("AccessDenied", 403, Class::Denied);
        check("", 404, Class::Denied);
        check("", 302, Class::Denied);
    }
}
