//! From an SDK error to a [`Trouble`] and the service's own words.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};

use crate::account::Trouble;

/// True when the same request may well succeed a moment later.
pub(in crate::account) fn passing<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        // A line that is cut in mid-call is neither to the SDK: hyper's own words tell.
        SdkError::DispatchFailure(failure) => {
            let cut = || {
                failure
                    .as_connector_error()
                    .is_some_and(|e| chain(e).contains("connection closed"))
            };
            failure.is_io() || failure.is_timeout() || cut()
        }
        SdkError::ServiceError(answer) => answer.raw().status().is_server_error(),
        _ => false,
    }
}

/// Sorts an SDK error and gives its own words.
pub(in crate::account) fn trouble<E>(error: &SdkError<E>) -> (Trouble, String)
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    let detail = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => deepest(error),
    };
    let trouble = match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Trouble::Expired,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "IncompleteSignature" => Trouble::Rejected,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "UnauthorizedOperation" => Trouble::Denied,
        "Throttling"
        | "ThrottlingException"
        | "Throttled"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => Trouble::Throttled,
        "UnknownOperationException" | "InvalidAction" | "NotImplemented" => Trouble::Unknown,
        "ResourceNotFoundException" | "ResourceNotFound" | "NotFound" => Trouble::Missing,
        _ => from_causes(error),
    };
    (trouble, detail)
}

fn from_causes<E>(error: &SdkError<E>) -> Trouble
where
    E: Error + Send + Sync + 'static,
{
    if let SdkError::TimeoutError(_) = error {
        return Trouble::TimedOut;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(io) = one.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return Trouble::Refused;
        }
        if let Some(credentials) = one.downcast_ref::<CredentialsError>() {
            let words = chain(credentials);
            return match words.to_lowercase() {
                words if words.contains("assume role") || words.contains("assumerole") => {
                    Trouble::NotAssumed
                }
                words if words.contains("expired") => Trouble::Expired,
                _ => Trouble::NoCredentials,
            };
        }
        let words = one.to_string();
        if words.contains("dns error") || words.contains("failed to lookup address") {
            return Trouble::Unresolved;
        }
        cause = one.source();
    }
    match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Trouble::TimedOut,
        _ => Trouble::Other,
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

/// The innermost cause says the most.
fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut one = error;
    while let Some(cause) = one.source() {
        one = cause;
    }
    one.to_string()
}
