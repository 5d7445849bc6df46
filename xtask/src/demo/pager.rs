//! The receiver of notifications: an HTTP endpoint that confirms its
//! subscription as SNS asks and counts what it is sent.

use std::{
    io::Read as _,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Result, anyhow};
use serde_json::Value;
use tiny_http::{Response, Server};

use crate::steps::say;

/// Runs until the process ends.
#[derive(Debug)]
pub(crate) struct Pager {
    url: String,
    received: Arc<Mutex<Vec<Notification>>>,
}

/// What an alarm's notification said.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    pub(crate) alarm: String,
    pub(crate) state: String,
}

/// More than SNS's own limit of 256 KB a message, with its envelope.
const MAX_BODY: u64 = 1024 * 1024;

impl Pager {
    pub(crate) fn start() -> Result<Self> {
        let server = Server::http("127.0.0.1:0")
            .map_err(|error| anyhow!("failed to open the pager's port: {error}"))?;
        let address = server.server_addr();
        let received = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&received);
        thread::spawn(move || {
            for mut request in server.incoming_requests() {
                let mut body = String::new();
                let read = request.as_reader().take(MAX_BODY).read_to_string(&mut body);
                if let (Ok(_), Ok(envelope)) = (read, serde_json::from_str(&body)) {
                    take(&envelope, &into);
                }
                // A sender that hung up loses only our answer.
                let _ = request.respond(Response::empty(200));
            }
        });
        Ok(Self {
            url: format!("http://{address}/"),
            received,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn received(&self) -> Vec<Notification> {
        self.received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notifications that say ALARM.
    pub(crate) fn alarms(&self) -> usize {
        self.received()
            .iter()
            .filter(|notification| notification.state == "ALARM")
            .count()
    }
}

fn take(envelope: &Value, into: &Mutex<Vec<Notification>>) {
    match envelope["Type"].as_str() {
        Some("SubscriptionConfirmation") => {
            if let Some(url) = envelope["SubscribeURL"].as_str()
                && let Err(error) = ureq::get(url).call()
            {
                say(format_args!(
                    "pager: failed to confirm the subscription: {error}"
                ));
            }
        }
        Some("Notification") => {
            let message: Value = envelope["Message"]
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            let text = |key: &str| message[key].as_str().unwrap_or("?").to_owned();
            let notification = Notification {
                alarm: text("AlarmName"),
                state: text("NewStateValue"),
            };
            say(format_args!(
                "pager: {} is {}",
                notification.alarm, notification.state
            ));
            into.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(notification);
        }
        _ => {}
    }
}
