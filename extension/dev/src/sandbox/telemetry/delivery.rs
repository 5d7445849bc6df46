//! Sends batches of events to the subscriber; one task an environment.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::buffer::{Buffer, Due, Pace};
use super::event::Event;
use super::subscription::Subscription;
use crate::Clock;

/// How long a subscriber may take for one batch.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts at a subscriber that does not take its batch.
const PAUSE: Duration = Duration::from_millis(50);

/// The telemetry of one environment's generation; delivery ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Telemetry {
    queue: Arc<Queue>,
    pump: JoinHandle<()>,
}

#[derive(Debug)]
struct Queue {
    buffer: Mutex<Buffer>,
    changed: Notify,
}

impl Telemetry {
    /// Starts the task that delivers.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Telemetry {
        let queue = Arc::new(Queue {
            buffer: Mutex::new(Buffer::new()),
            changed: Notify::new(),
        });
        let pump = tokio::spawn(pump(Arc::clone(&queue), clock));
        Telemetry { queue, pump }
    }

    /// Queues an event; never waits.
    pub(crate) fn emit(&self, event: Event) {
        self.queue
            .change(|buffer| buffer.push(event, Instant::now()));
    }

    /// Takes the extension's subscription.
    pub(crate) fn subscribe(&self, subscription: Subscription) {
        self.queue.change(|buffer| buffer.subscribe(subscription));
    }

    /// The initialization is over.
    pub(crate) fn close(&self) {
        self.queue.change(Buffer::close);
    }

    /// Sets the pace of delivery.
    pub(crate) fn set_pace(&self, pace: Pace) {
        self.queue.change(|buffer| buffer.set_pace(pace));
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Queue {
    fn change<T>(&self, change: impl FnOnce(&mut Buffer) -> T) -> T {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut buffer);
        drop(buffer);
        self.changed.notify_one();
        result
    }

    fn due(&self, at: i64) -> Due {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.due(Instant::now(), at)
    }
}

async fn pump(queue: Arc<Queue>, clock: Arc<dyn Clock>) {
    loop {
        match queue.due(clock.now_ms()) {
            Due::Waiting => queue.changed.notified().await,
            Due::At(deadline) => {
                // Whatever comes first: the oldest event is due, or a batch is full.
                let deadline = tokio::time::sleep_until(deadline.into());
                tokio::select! {
                    () = deadline => {}
                    () = queue.changed.notified() => {}
                }
            }
            Due::Now(subscription, batch) => {
                let sent = tokio::time::timeout(PATIENCE, post(&subscription, &batch)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    queue.change(|buffer| buffer.put_back(batch, Instant::now()));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Posts one batch as a JSON array; an answer other than 2xx is an error.
async fn post(subscription: &Subscription, batch: &[Event]) -> io::Result<()> {
    let mut body = String::from("[");
    for (index, event) in batch.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&event.json);
    }
    body.push(']');
    let request = Request::builder()
        .method(Method::POST)
        .uri(&subscription.path)
        .header(header::HOST, &subscription.host)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let stream = TcpStream::connect(subscription.address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // The connection ends with this request: an environment that thaws finds no stale one.
    let exchange = async { sender.send_request(request).await };
    let driven = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => {
            let status = answer.map_err(io::Error::other)?.status();
            if status.is_success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
        }
        () = driven => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
