//! Deliveries on their way: a bounded queue from the operations, which do not wait,
//! to the one task that posts.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Account, Change};
use crate::store::DeliveryStatus;

/// How many deliveries may wait. Past that a notification counts as failed, with
/// the reason beside it.
const WAITING: usize = 1024;

/// What kind of message a POST brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageType {
    /// Something was published.
    Notification,
    /// A subscription is to be confirmed.
    SubscriptionConfirmation,
}

impl MessageType {
    /// SNS's word in the `x-amz-sns-message-type` header.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            MessageType::Notification => "Notification",
            MessageType::SubscriptionConfirmation => "SubscriptionConfirmation",
        }
    }
}

/// One POST to do.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// The notification's row.
    pub(crate) notification: i64,
    /// Where to.
    pub(crate) endpoint: String,
    /// What kind of message it is.
    pub(crate) kind: MessageType,
    /// The topic's ARN.
    pub(crate) topic: String,
    /// The subscription's ARN, on notifications.
    pub(crate) subscription: Option<String>,
    /// The message's id.
    pub(crate) message_id: String,
    /// What is posted.
    pub(crate) body: String,
    /// The bare message, without SNS's envelope.
    pub(crate) raw: bool,
}

/// The queue's two ends.
#[derive(Debug)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Delivery>,
    receiver: Mutex<Option<mpsc::Receiver<Delivery>>>,
}

impl Outbox {
    /// An empty queue.
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }

    /// The end that deliveries come out of; there is one.
    pub(crate) fn take(&self) -> Option<mpsc::Receiver<Delivery>> {
        self.receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Puts a delivery into the queue.
    pub(super) fn push(&self, account: &Account, delivery: Delivery) {
        let id = delivery.notification;
        if self.sender.try_send(delivery).is_err() {
            let problem = Some("too many deliveries were waiting");
            let _ = account
                .store
                .notification_tried(id, DeliveryStatus::Failed, 0, problem);
            account.changed(Change::Notification);
        }
    }
}
