//! What an operation answers when it does not do what it was asked: AWS's code,
//! status and words. Each protocol writes it in its own form.

use super::{Service, Tree};
use crate::store::StoreError;

/// An AWS error.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// The error shape's name, which the CBOR and JSON protocols send.
    pub(crate) shape: &'static str,
    /// The code, which the query protocol sends.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// In words.
    pub(crate) message: String,
    /// Members beside the message.
    pub(crate) details: Tree,
}

impl Fault {
    fn new(
        shape: &'static str,
        code: &'static str,
        status: u16,
        message: impl Into<String>,
    ) -> Self {
        Self {
            shape,
            code,
            status,
            message: message.into(),
            details: Tree::Null,
        }
    }

    /// Whose fault it is, in the query protocol's words.
    pub(crate) fn side(&self) -> &'static str {
        if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        }
    }

    /// CloudWatch: a value breaks a rule.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(
            "InvalidParameterValueException",
            "InvalidParameterValue",
            400,
            message,
        )
    }

    /// CloudWatch: values that do not go together.
    pub(crate) fn combination(message: impl Into<String>) -> Self {
        Self::new(
            "InvalidParameterCombinationException",
            "InvalidParameterCombination",
            400,
            message,
        )
    }

    /// CloudWatch: something needed is not there.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(
            "MissingRequiredParameterException",
            "MissingParameter",
            400,
            message,
        )
    }

    /// CloudWatch: a rule of the model is broken.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", "ValidationError", 400, message)
    }

    /// CloudWatch: no such alarm.
    pub(crate) fn no_alarm(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFound", "ResourceNotFound", 404, message)
    }

    /// CloudWatch: no such resource to tag.
    pub(crate) fn no_resource(message: impl Into<String>) -> Self {
        Self::new(
            "ResourceNotFoundException",
            "ResourceNotFoundException",
            404,
            message,
        )
    }

    /// CloudWatch: no such dashboard.
    pub(crate) fn no_dashboard(name: &str) -> Self {
        let message = format!("Dashboard {name} does not exist");
        Self::new("DashboardNotFoundError", "ResourceNotFound", 404, message)
    }

    /// CloudWatch: a dashboard body that cannot be kept, and where it is wrong.
    pub(crate) fn dashboard(message: impl Into<String>, details: Tree) -> Self {
        let fault = Self::new(
            "DashboardInvalidInputError",
            "InvalidParameterInput",
            400,
            message,
        );
        Self { details, ..fault }
    }

    /// CloudWatch: a text that is not in the format it should be in.
    pub(crate) fn format(message: impl Into<String>) -> Self {
        Self::new("InvalidFormatFault", "InvalidFormat", 400, message)
    }

    /// CloudWatch: a token that was not given out here.
    pub(crate) fn next_token() -> Self {
        Self::new(
            "InvalidNextToken",
            "InvalidNextToken",
            400,
            "The next token is not valid",
        )
    }

    /// SNS: a value breaks a rule.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        let message = format!("Invalid parameter: {}", message.into());
        Self::new(
            "InvalidParameterException",
            "InvalidParameter",
            400,
            message,
        )
    }

    /// SNS: no such topic or subscription.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new("NotFoundException", "NotFound", 404, message)
    }

    /// SNS: no such resource to tag.
    pub(crate) fn no_topic_to_tag() -> Self {
        Self::new(
            "ResourceNotFoundException",
            "ResourceNotFound",
            404,
            "Resource does not exist",
        )
    }

    /// SNS: more tags than a topic may have.
    pub(crate) fn too_many_tags() -> Self {
        let message = "Could not complete request: tag quota of per resource exceeded";
        Self::new(
            "TagLimitExceededException",
            "TagLimitExceeded",
            400,
            message,
        )
    }

    /// X-Ray: the request breaks a rule.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(
            "InvalidRequestException",
            "InvalidRequestException",
            400,
            message,
        )
    }

    /// X-Ray: more sampling rules than an account has.
    pub(crate) fn rule_limit(message: impl Into<String>) -> Self {
        let code = "RuleLimitExceededException";
        Self::new(code, code, 400, message)
    }

    /// CloudWatch Logs: a value breaks a rule.
    pub(crate) fn log_parameter(message: impl Into<String>) -> Self {
        let code = "InvalidParameterException";
        Self::new(code, code, 400, message)
    }

    /// CloudWatch Logs: no such log group or filter.
    pub(crate) fn no_log_resource(message: impl Into<String>) -> Self {
        let code = "ResourceNotFoundException";
        Self::new(code, code, 400, message)
    }

    /// CloudWatch Logs: there is one already.
    pub(crate) fn log_exists(message: impl Into<String>) -> Self {
        let code = "ResourceAlreadyExistsException";
        Self::new(code, code, 400, message)
    }

    /// CloudWatch Logs and EventBridge: more than there may be.
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        let code = "LimitExceededException";
        Self::new(code, code, 400, message)
    }

    /// EventBridge: no such rule or bus.
    pub(crate) fn no_event_resource(message: impl Into<String>) -> Self {
        let code = "ResourceNotFoundException";
        Self::new(code, code, 400, message)
    }

    /// EventBridge: a pattern of events that is none.
    pub(crate) fn event_pattern(message: impl Into<String>) -> Self {
        let code = "InvalidEventPatternException";
        let message = format!("Event pattern is not valid. {}", message.into());
        Self::new(code, code, 400, message)
    }

    /// The body is not what the protocol or the operation's input says.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", "MalformedInput", 400, message)
    }

    /// The body is larger than the service takes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("Request size exceeds the limit of {limit} bytes");
        Self::new(
            "RequestEntityTooLargeException",
            "RequestEntityTooLarge",
            413,
            message,
        )
    }

    /// More requests than the service takes; each service has its own words.
    pub(crate) fn throttling(service: Service) -> Self {
        let (shape, code, status) = match service {
            // 400, not 429: only the code tells a throttle from a mistake.
            Service::CloudWatch | Service::Sts => ("ThrottlingException", "Throttling", 400),
            Service::Sns => ("ThrottledException", "Throttled", 429),
            Service::XRay => ("ThrottledException", "ThrottledException", 429),
            Service::Logs | Service::Events => ("ThrottlingException", "ThrottlingException", 400),
        };
        Self::new(shape, code, status, "Rate exceeded")
    }

    /// The service is not there for a moment.
    pub(crate) fn unavailable() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self::new(
            "ServiceUnavailableException",
            "ServiceUnavailable",
            503,
            message,
        )
    }

    /// Nothing here answers to that name.
    pub(crate) fn unknown_operation(service: &str, operation: &str) -> Self {
        let message =
            format!("The operation {operation} of {service} is not one that obs dev knows");
        Self::new("UnknownOperationException", "InvalidAction", 400, message)
    }

    /// No `Authorization` header.
    pub(crate) fn missing_token() -> Self {
        let message =
            "Request is missing Authentication Token: sign it; any access key will do here";
        Self::new(
            "MissingAuthenticationTokenException",
            "MissingAuthenticationToken",
            403,
            message,
        )
    }

    /// An `Authorization` header that is not SigV4's.
    pub(crate) fn incomplete_signature(header: &str) -> Self {
        let shown: String = header.chars().take(40).collect();
        let message = format!(
            "Authorization header is not AWS4-HMAC-SHA256 with a credential scope: '{shown}'"
        );
        Self::new(
            "IncompleteSignatureException",
            "IncompleteSignature",
            403,
            message,
        )
    }

    /// Credentials that were good once.
    pub(crate) fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::new("ExpiredTokenException", "ExpiredToken", 403, message)
    }

    /// Our own failure.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalServiceFault", "InternalServiceError", 500, message)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::internal(format!("failed to {error}"))
    }
}
