//! Lambda's Invoke API over plain HTTP/1.1.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

use super::tally::Tally;

/// Lambda's limit on a response.
const MAX_RESPONSE_BYTES: u64 = 8 << 20;

/// How often a throttled invocation is tried.
const TRIES: u32 = 40;

/// How long to wait before a throttled invocation is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Invokes functions and counts the invocations.
#[derive(Debug)]
pub struct Client<'a> {
    agent: ureq::Agent,
    endpoint: String,
    tally: &'a Tally,
}

/// What an invocation gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function's result.
    Returned(Value),
    /// The function failed; its error as Lambda shows it.
    Failed(Value),
}

/// The invocation did not take place.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// Nobody answers.
    #[error("reach {endpoint}: {reason}; start `obs dev` or name another --endpoint")]
    Unreachable {
        /// The endpoint as given.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The endpoint is no `http://HOST:PORT`.
    #[error("use the endpoint {0:?}: expected http://HOST:PORT")]
    Endpoint(String),
    /// The connection failed in between.
    #[error("invoke {function}: {error}")]
    Transport {
        /// The function.
        function: String,
        /// What went wrong.
        error: Box<ureq::Error>,
    },
    /// The API refused.
    #[error("invoke {function}: status {status}: {body}")]
    Refused {
        /// The function.
        function: String,
        /// The HTTP status.
        status: u16,
        /// What the API said.
        body: String,
    },
}

impl<'a> Client<'a> {
    /// A client of an endpoint that answers.
    ///
    /// # Errors
    /// [`InvokeError::Endpoint`] or [`InvokeError::Unreachable`].
    pub fn connect(endpoint: &str, tally: &'a Tally) -> Result<Self, InvokeError> {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let authority = endpoint
            .strip_prefix("http://")
            .filter(|host| !host.contains('/'));
        let authority = authority.ok_or_else(|| InvokeError::Endpoint(endpoint.clone()))?;
        let unreachable = |error: std::io::Error| InvokeError::Unreachable {
            endpoint: endpoint.clone(),
            reason: error.to_string(),
        };
        let mut addresses = authority.to_socket_addrs().map_err(unreachable)?;
        let address = addresses
            .next()
            .ok_or_else(|| InvokeError::Endpoint(endpoint.clone()))?;
        TcpStream::connect_timeout(&address, Duration::from_secs(2)).map_err(unreachable)?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Ok(Self {
            agent: config.into(),
            endpoint,
            tally,
        })
    }

    /// Invokes a function and waits for its result. Waits and tries again when throttled.
    ///
    /// # Errors
    /// [`InvokeError`] when the function was not invoked.
    pub fn invoke(&self, function: &str, event: &Value) -> Result<Outcome, InvokeError> {
        for _ in 1..TRIES {
            match self.invoke_once(function, event) {
                Err(InvokeError::Refused { status: 429, .. }) => {
                    self.tally.lock().throttled += 1;
                    std::thread::sleep(PAUSE);
                }
                outcome => return outcome,
            }
        }
        self.invoke_once(function, event)
    }

    fn invoke_once(&self, function: &str, event: &Value) -> Result<Outcome, InvokeError> {
        let transport = |error| InvokeError::Transport {
            function: function.to_owned(),
            error: Box::new(error),
        };
        let url = format!(
            "{}/2015-03-31/functions/{function}/invocations",
            self.endpoint
        );
        let mut response = self
            .agent
            .post(url)
            .header("content-type", "application/json")
            .send(event.to_string())
            .map_err(transport)?;
        let failed = response.headers().contains_key("x-amz-function-error");
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_RESPONSE_BYTES)
            .read_to_vec()
            .map_err(transport)?;
        if status != 200 {
            let body = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
            return Err(InvokeError::Refused {
                function: function.to_owned(),
                status,
                body,
            });
        }
        // A function may return what is no JSON; shown as the text it is.
        let value = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        let mut tally = self.tally.lock();
        tally.invoked(function);
        if failed {
            *tally
                .function_errors
                .entry(function.to_owned())
                .or_default() += 1;
            return Ok(Outcome::Failed(value));
        }
        Ok(Outcome::Returned(value))
    }
}
