//! Why an initialization or an invocation failed, in Lambda's words for the caller, the log,
//! the telemetry and the extension.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::api::FunctionError;
use crate::sandbox::telemetry::event::Status;
use crate::sandbox::trace::document;

/// What went wrong.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The function's program could not be started.
    Launch(String),
    /// The function's process ended.
    RuntimeExit(String),
    /// The runtime reported that it could not be initialized.
    InitError(FunctionError),
    /// The handler reported an error; the environment goes on.
    Handler(FunctionError),
    /// The answer was over 6 MB; the environment goes on.
    TooLarge,
    /// The extension's program could not be started.
    ExtensionLaunch(String),
    /// The extension's process ended.
    ExtensionExit(String),
    /// The extension reported an error.
    ExtensionError(String),
    /// The deadline passed.
    Timeout(Duration),
    /// The initialization took too long.
    InitTimeout(Duration),
    /// The environment had to end before the invocation did.
    Ended,
}

/// Why the extension is told to shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownReason {
    /// The environment is not needed any more.
    Spindown,
    /// The deadline passed.
    Timeout,
    /// Something ended or failed.
    Failure,
}

impl ShutdownReason {
    /// Lambda's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ShutdownReason::Spindown => "spindown",
            ShutdownReason::Timeout => "timeout",
            ShutdownReason::Failure => "failure",
        }
    }
}

impl Failure {
    /// The `errorType`.
    pub(crate) fn kind(&self) -> &str {
        match self {
            Failure::Launch(_) => "Runtime.InvalidEntrypoint",
            Failure::RuntimeExit(_) => "Runtime.ExitError",
            Failure::InitError(error) | Failure::Handler(error) => &error.kind,
            Failure::TooLarge => "Function.ResponseSizeTooLarge",
            Failure::ExtensionLaunch(_) => "Extension.LaunchError",
            Failure::ExtensionExit(_) => "Extension.Crash",
            Failure::ExtensionError(kind) => kind,
            Failure::Timeout(_) | Failure::InitTimeout(_) => "Sandbox.Timedout",
            Failure::Ended => "Sandbox.Failure",
        }
    }

    /// What is said about it, without the request id.
    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Launch(error) => format!("Couldn't start the function: {error}"),
            Failure::RuntimeExit(how) if how == "exit status 0" => {
                "Runtime exited without providing a reason".to_owned()
            }
            Failure::RuntimeExit(how) => format!("Runtime exited with error: {how}"),
            Failure::InitError(error) | Failure::Handler(error) => {
                let document: Option<Value> = serde_json::from_slice(&error.body).ok();
                let message = document
                    .as_ref()
                    .and_then(|body| body["errorMessage"].as_str());
                message.unwrap_or(&error.kind).to_owned()
            }
            Failure::TooLarge => {
                "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
                    .to_owned()
            }
            Failure::ExtensionLaunch(error) => format!("Couldn't start the extension: {error}"),
            Failure::ExtensionExit(how) => format!("Extension exited with error: {how}"),
            Failure::ExtensionError(kind) => format!("Extension reported {kind}"),
            Failure::Timeout(after) => {
                format!("Task timed out after {:.2} seconds", after.as_secs_f64())
            }
            Failure::InitTimeout(after) => {
                format!("Init timed out after {:.2} seconds", after.as_secs_f64())
            }
            Failure::Ended => "The environment was ended before the function answered".to_owned(),
        }
    }

    /// The document for the caller: a runtime's own as it is, otherwise Lambda's.
    pub(crate) fn body(&self, request_id: &str) -> Bytes {
        match self {
            Failure::InitError(error) | Failure::Handler(error) => error.body.clone(),
            _ => {
                let message = match self {
                    Failure::TooLarge => self.message(),
                    _ => format!("RequestId: {request_id} Error: {}", self.message()),
                };
                json!({"errorType": self.kind(), "errorMessage": message})
                    .to_string()
                    .into()
            }
        }
    }

    /// The line that Lambda writes into the function's log, if it writes one.
    pub(crate) fn line(&self, request_id: &str, time: &str) -> Option<String> {
        match self {
            Failure::Handler(_) | Failure::TooLarge | Failure::InitError(_) => None,
            Failure::Timeout(_) => Some(format!("{time} {request_id} {}", self.message())),
            _ => Some(format!(
                "RequestId: {request_id} Error: {}\t{}",
                self.message(),
                self.kind()
            )),
        }
    }

    /// How telemetry calls it.
    pub(crate) fn status(&self) -> Status {
        match self {
            Failure::Timeout(_) | Failure::InitTimeout(_) => Status::Timeout,
            _ => Status::Error,
        }
    }

    /// Whether, and why, the environment has to start anew.
    pub(crate) fn reset(&self) -> Option<ShutdownReason> {
        match self {
            Failure::Handler(_) | Failure::TooLarge => None,
            Failure::Timeout(_) => Some(ShutdownReason::Timeout),
            Failure::Ended => Some(ShutdownReason::Spindown),
            _ => Some(ShutdownReason::Failure),
        }
    }

    /// The cause for the function's segment: the runtime's own, if it sent one.
    pub(crate) fn cause(&self) -> Value {
        let own = match self {
            Failure::InitError(error) | Failure::Handler(error) => error.cause.as_deref(),
            _ => None,
        };
        own.and_then(|cause| serde_json::from_str(cause).ok())
            .filter(Value::is_object)
            .unwrap_or_else(|| document::cause(self.kind(), &self.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: &Failure, body: Value, reset: Option<ShutdownReason>) {
        let got: Value = serde_json::from_slice(&failure.body("r-1")).expect("JSON");
        assert_eq!(got, body);
        assert_eq!(failure.reset(), reset);
        assert_eq!(failure.cause()["exceptions"][0]["type"], failure.kind());
    }

    #[test]
    fn failures_are_told_in_lambdas_words() {
        check(
            &Failure::RuntimeExit("signal: killed".to_owned()),
            json!({"errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: r-1 Error: Runtime exited with error: signal: killed"}),
            Some(ShutdownReason::Failure),
        );
        check(
            &Failure::RuntimeExit("exit status 0".to_owned()),
            json!({"errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: r-1 Error: Runtime exited without providing a reason"}),
            Some(ShutdownReason::Failure),
        );
        check(
            &Failure::Timeout(Duration::from_millis(1500)),
            json!({"errorType": "Sandbox.Timedout",
                "errorMessage": "RequestId: r-1 Error: Task timed out after 1.50 seconds"}),
            Some(ShutdownReason::Timeout),
        );
        let body = json!({"errorType": "Boom", "errorMessage": "no", "stackTrace": []});
        let handler = FunctionError {
            kind: "Boom".to_owned(),
            body: Bytes::from(body.to_string()),
            cause: None,
        };
        check(&Failure::Handler(handler.clone()), body, None);
        let cause = Some(r#"{"exceptions":[{"type":"Boom","id":"1"}]}"#.to_owned());
        let handler = Failure::Handler(FunctionError { cause, ..handler });
        assert_eq!(handler.cause()["exceptions"][0]["id"], "1");
    }

    #[test]
    fn a_timeouts_line_begins_with_its_time() {
        let failure = Failure::Timeout(Duration::from_secs(3));
        let line = failure
            .line("r-1", "2026-11-23T03:31:00.755Z")
            .expect("a line");
        assert_eq!(
            line,
            "2026-11-23T03:31:00.755Z r-1 Task timed out after 3.00 seconds"
        );
    }
}
