//! The Extensions API and the Telemetry API, as their client sees them.

use std::cell::Cell;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::http::{Connection, HttpError};
use crate::config::Mode;

const EXTENSION: &str = "/2020-01-01/extension";
const TELEMETRY: &str = "/2022-07-01/telemetry";
const IDENTIFIER: &str = "lambda-extension-identifier";

/// A registered extension.
pub struct Api {
    authority: String,
    identifier: String,
    /// The connection of INIT, on which no freeze can have come yet: a cold start
    /// waits for one instead of three.
    fresh: Cell<Option<Connection>>,
}

/// Why the API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than the one that was hoped for.
    #[error("{path} answered {status}: {body}")]
    Status {
        /// What was asked.
        path: &'static str,
        /// The status.
        status: StatusCode,
        /// The beginning of the body.
        body: String,
    },
    /// An answer that cannot be understood.
    #[error("understand the answer of {path}: {reason}")]
    Answer {
        /// What was asked.
        path: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What `/event/next` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An invocation has begun.
    Invoke {
        /// Its request id.
        request_id: String,
        /// When function and extension have to be done, milliseconds since the
        /// epoch.
        deadline_ms: i64,
    },
    /// The environment ends.
    Shutdown {
        /// `spindown`, `timeout`, `failure`, or what an emulator says.
        reason: String,
        /// When this process is killed, milliseconds since the epoch.
        deadline_ms: i64,
    },
    /// An event of a kind that is not known.
    Other,
}

/// What became of a telemetry subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// Telemetry will be delivered.
    Active,
    /// 202: this is an emulator that has none.
    Unsupported,
}

impl Api {
    /// Registers the extension under `name`, which has to be its file's name.
    /// Managed Instances know no INVOKE, and refuse whoever asks for it.
    ///
    /// # Errors
    ///
    /// When the API refuses, or is not there.
    pub async fn register(authority: &str, name: &str, mode: Mode) -> Result<Self, ApiError> {
        const PATH: &str = "/register";
        let events: &[&str] = match mode {
            Mode::OnDemand | Mode::SnapStart => &["INVOKE", "SHUTDOWN"],
            Mode::ManagedInstances => &["SHUTDOWN"],
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{EXTENSION}{PATH}"))
            .header("lambda-extension-name", name)
            .header("content-type", "application/json")
            .body(Full::from(json!({ "events": events }).to_string()))
            .map_err(HttpError::from)?;
        let mut connection = Connection::open(authority).await?;
        let answer = expect(PATH, connection.send(request).await?, StatusCode::OK)?;
        let identifier = answer
            .headers()
            .get(IDENTIFIER)
            .and_then(|id| id.to_str().ok());
        let identifier = identifier
            .map(ToOwned::to_owned)
            .ok_or_else(|| ApiError::Answer {
                path: PATH,
                reason: "it has no Lambda-Extension-Identifier".into(),
            })?;
        Ok(Self {
            authority: authority.to_owned(),
            identifier,
            fresh: Cell::new(Some(connection)),
        })
    }

    /// Waits for the next event, for as long as it takes.
    ///
    /// # Errors
    ///
    /// When the API refuses, or is gone.
    pub async fn next(&self) -> Result<Event, ApiError> {
        const PATH: &str = "/event/next";
        let request = Request::builder()
            .uri(format!("{EXTENSION}{PATH}"))
            .header(IDENTIFIER, &self.identifier)
            .body(Full::default())
            .map_err(HttpError::from)?;
        let (answer, _) = self.send(request).await?;
        let answer = expect(PATH, answer, StatusCode::OK)?;
        Ok(event(answer.body()))
    }

    /// Asks for platform telemetry to be posted to `uri`, where somebody listens
    /// already.
    ///
    /// # Errors
    ///
    /// When the API refuses, or is gone.
    pub async fn subscribe(&self, uri: &str) -> Result<Subscription, ApiError> {
        const PATH: &str = "/telemetry";
        let body = json!({
            "schemaVersion": "2025-01-29",
            "types": ["platform"],
            "buffering": { "maxItems": 1000, "maxBytes": 262_144, "timeoutMs": 25 },
            "destination": { "protocol": "HTTP", "URI": uri },
        });
        let request = Request::builder()
            .method(Method::PUT)
            .uri(TELEMETRY)
            .header(IDENTIFIER, &self.identifier)
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .map_err(HttpError::from)?;
        let (answer, connection) = self.send(request).await?;
        self.fresh.set(Some(connection));
        if answer.status() == StatusCode::ACCEPTED {
            return Ok(Subscription::Unsupported);
        }
        expect(PATH, answer, StatusCode::OK)?;
        Ok(Subscription::Active)
    }

    /// Sends on the connection that INIT has left open, else, or should the other
    /// side have closed it, on a new one. Asking twice does no harm here.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Bytes>, Connection), HttpError> {
        if let Some(mut connection) = self.fresh.take()
            && let Ok(answer) = connection.send(request.clone()).await
        {
            return Ok((answer, connection));
        }
        let mut connection = Connection::open(&self.authority).await?;
        let answer = connection.send(request).await?;
        Ok((answer, connection))
    }
}

fn expect(
    path: &'static str,
    answer: Response<Bytes>,
    status: StatusCode,
) -> Result<Response<Bytes>, ApiError> {
    if answer.status() == status {
        return Ok(answer);
    }
    let body = String::from_utf8_lossy(answer.body())
        .trim()
        .chars()
        .take(300)
        .collect();
    Err(ApiError::Status {
        path,
        status: answer.status(),
        body,
    })
}

/// Reads Lambda's event document member by member: a newer Lambda may say more,
/// an emulator less, and what is odd costs itself alone. Whatever it was, it has
/// been delivered, and asking again would not bring it back.
fn event(body: &[u8]) -> Event {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name| document.get(name).and_then(Value::as_str);
    let deadline = document.get("deadlineMs");
    // Beyond the range of i64, or with a fraction: it saturates.
    let deadline_ms =
        deadline.and_then(|ms| ms.as_i64().or_else(|| ms.as_f64().map(|ms| ms as i64)));
    let deadline_ms = deadline_ms.unwrap_or_default();
    match text("eventType") {
        Some("INVOKE") => Event::Invoke {
            request_id: text("requestId").unwrap_or_default().to_owned(),
            deadline_ms,
        },
        Some("SHUTDOWN") => Event::Shutdown {
            reason: text("shutdownReason").unwrap_or("unknown").to_owned(),
            deadline_ms,
        },
        _ => Event::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use proptest::prelude::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    proptest! {
        #[test]
        fn any_answer_is_some_event(body in prop::collection::vec(any::<u8>(), 0..200)) {
            event(&body);
        }
    }

    /// Answers requests, on each connection at most `most`, and counts connections.
    async fn lambda(most: usize) -> (String, Arc<AtomicUsize>) {
        const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 3da1\r\n\
            Content-Length: 22\r\n\r\n{\"eventType\":\"INVOKE\"}";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    for _ in 0..most {
                        // Small enough to come in one piece.
                        match stream.read(&mut [0; 4096]).await {
                            Ok(1..) => stream.write_all(ANSWER).await.unwrap(),
                            _ => return,
                        }
                    }
                });
            }
        });
        (address, connections)
    }

    #[tokio::test]
    async fn init_needs_one_connection_and_each_event_after_it_one_of_its_own() {
        for (most, expect) in [(usize::MAX, [1, 2, 3]), (1, [3, 4, 5])] {
            let (address, connections) = lambda(most).await;
            let api = Api::register(&address, "obs", Mode::OnDemand)
                .await
                .unwrap();
            let subscribed = api.subscribe("http://127.0.0.1:1").await.unwrap();
            assert_eq!(subscribed, Subscription::Active);
            for expect in expect {
                assert!(matches!(api.next().await.unwrap(), Event::Invoke { .. }));
                assert_eq!(connections.load(Ordering::Relaxed), expect, "{most}");
            }
        }
    }

    #[test]
    fn events_are_read_leniently() {
        let check = |body: &str, expect| assert_eq!(event(body.as_bytes()), expect, "{body}");
        check(
            r#"{"eventType":"INVOKE","deadlineMs":676051,"requestId":"3da1","invokedFunctionArn":"arn","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}"#,
            Event::Invoke {
                request_id: "3da1".into(),
                deadline_ms: 676_051,
            },
        );
        let shutdown = |reason: &str| Event::Shutdown {
            reason: reason.into(),
            deadline_ms: 9,
        };
        check(
            r#"{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":9}"#,
            shutdown("spindown"),
        );
        check(
            r#"{"eventType":"SHUTDOWN","shutdownReason":7,"deadlineMs":9}"#,
            shutdown("unknown"),
        );
        check(r#"{"eventType":"RESTORE"}"#, Event::Other);
        check("", Event::Other);
        check("[1]", Event::Other);
        check(r#"{"eventType":7}"#, Event::Other);
        let bare = |deadline_ms| Event::Invoke {
            request_id: String::new(),
            deadline_ms,
        };
        check(
            r#"{"eventType":"INVOKE","requestId":{},"deadlineMs":"soon","tracing":[]}"#,
            bare(0),
        );
        check(
            r#"{"eventType":"INVOKE","deadlineMs":1e99}"#,
            bare(i64::MAX),
        );
        check(r#"{"eventType":"INVOKE","deadlineMs":-7.5}"#, bare(-7));
    }
}
