//! Posts notifications to http subscriptions, as SNS does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};

use crate::account::outbox::{Delivery, MessageType};
use crate::account::{Account, Change};
use crate::store::DeliveryStatus;

/// How a delivery is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Courier {
    /// How often, at most.
    pub(crate) attempts: u32,
    /// How long between two attempts.
    pub(crate) pause: Duration,
    /// How long one attempt may take.
    pub(crate) patience: Duration,
}

/// SNS tries longer (50 times over an hour); locally a minute shows what is wrong.
impl Default for Courier {
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_secs(5),
            patience: Duration::from_secs(15),
        }
    }
}

/// Deliveries under way at once.
const AT_ONCE: usize = 8;

/// Posts what comes out of the queue, until its sender is gone.
pub(crate) async fn deliver_all(
    account: Arc<Account>,
    mut queue: mpsc::Receiver<Delivery>,
    courier: Courier,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(delivery) = queue.recv().await {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let account = account.clone();
        tokio::spawn(async move {
            courier.deliver(&account, &delivery).await;
            drop(place);
        });
    }
}

impl Courier {
    async fn deliver(self, account: &Account, delivery: &Delivery) {
        for attempt in 1..=self.attempts {
            let posted = tokio::time::timeout(self.patience, post(account, delivery)).await;
            let posted =
                posted.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.patience)));
            let status = match &posted {
                Ok(()) => DeliveryStatus::Delivered,
                Err(_) if attempt < self.attempts => DeliveryStatus::Pending,
                Err(_) => DeliveryStatus::Failed,
            };
            let problem = posted.err();
            // A store that fails keeps the row as it was: pending.
            let _ = account.store.notification_tried(
                delivery.notification,
                status,
                attempt,
                problem.as_deref(),
            );
            account.changed(Change::Notification);
            if status != DeliveryStatus::Pending {
                return;
            }
            tokio::time::sleep(self.pause).await;
        }
    }
}

/// One POST; the error says why it was none.
async fn post(account: &Account, delivery: &Delivery) -> Result<(), String> {
    let uri: Uri = delivery
        .endpoint
        .parse()
        .map_err(|error| format!("failed to read the endpoint: {error}"))?;
    let host = uri.host().ok_or("the endpoint has no host")?;
    // Asked again, since what was allowed when it was subscribed may not be now.
    if !account.may_notify(host) {
        return Err(format!("obs dev posts to this machine only, not to {host}"));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, uri.port_u16().unwrap_or(80)));
    let stream = stream
        .await
        .map_err(|error| format!("failed to connect to {host}: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("failed to speak HTTP with {host}: {error}"))?;
    let driver = tokio::spawn(connection);
    let request =
        request(&uri, delivery).map_err(|error| format!("failed to make the request: {error}"))?;
    let answered = sender.send_request(request).await;
    driver.abort();
    let status = answered
        .map_err(|error| format!("failed to get an answer: {error}"))?
        .status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("the endpoint answered {status}"))
    }
}

fn request(uri: &Uri, delivery: &Delivery) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(
            "host",
            uri.authority().map_or("", |authority| authority.as_str()),
        )
        .header("content-type", "text/plain; charset=UTF-8")
        .header("user-agent", "Amazon Simple Notification Service Agent")
        .header("x-amz-sns-message-type", delivery.kind.as_str())
        .header("x-amz-sns-message-id", &delivery.message_id)
        .header("x-amz-sns-topic-arn", &delivery.topic);
    if let (MessageType::Notification, Some(arn)) = (delivery.kind, &delivery.subscription) {
        request = request.header("x-amz-sns-subscription-arn", arn);
    }
    if delivery.raw {
        request = request.header("x-amz-sns-rawdelivery", "true");
    }
    request.body(Full::new(Bytes::from(delivery.body.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::store::{NewNotification, Store};

    /// Delivers to an endpoint; gives the row that tells of it.
    async fn check(endpoint: &str, expect: (&str, i64, &str)) {
        let store = Store::in_memory().unwrap();
        let clock = Arc::new(ManualClock::at(0));
        let account = Account::new(store, clock, "us-east-1", "http://127.0.0.1:0");
        let new = NewNotification {
            time_ms: 0,
            topic: "t".to_owned(),
            subscription: "s".to_owned(),
            protocol: "http".to_owned(),
            status: DeliveryStatus::Pending,
            subject: None,
            message: "m".to_owned(),
        };
        let delivery = Delivery {
            notification: account.store.add_notification(&new).unwrap(),
            endpoint: endpoint.to_owned(),
            kind: MessageType::Notification,
            topic: new.topic,
            subscription: Some(new.subscription),
            message_id: "id".to_owned(),
            body: "m".to_owned(),
            raw: true,
        };
        let courier = Courier {
            attempts: 3,
            pause: Duration::ZERO,
            ..Courier::default()
        };
        courier.deliver(&account, &delivery).await;
        let kept = account.store.notifications(1).unwrap().remove(0);
        let problem = kept.problem.unwrap_or_default();
        assert_eq!((kept.status.as_str(), kept.attempts), (expect.0, expect.1));
        assert!(problem.contains(expect.2), "{endpoint}: {problem}");
    }

    #[tokio::test]
    async fn a_delivery_that_cannot_be_made_is_tried_a_few_times_and_says_why() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = listener.local_addr().unwrap();
        drop(listener);
        check(
            &format!("http://{free}/"),
            ("failed", 3, "failed to connect"),
        )
        .await;
        check("http://example.com/", ("failed", 3, "this machine only")).await;
    }
}
