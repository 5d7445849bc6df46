//! What can be observed: the raw invocation below `lambda_runtime::Runtime`, or
//! the event that a handler takes.

use cloudvault_obs_core::{correlation::CorrelationId, lineage::Lineage};
use lambda_runtime::{Context, LambdaEvent, LambdaInvocation};
use serde::Serialize;

use crate::event;

/// An incoming request with its Lambda context.
pub trait Request {
    /// What Lambda says about the invocation.
    fn context(&self) -> &Context;

    /// What the payload says about who sent it.
    fn sender(&self) -> Sender;

    /// Shows the payload's JSON; of a typed one that cannot be written, nothing.
    fn with_payload(&self, show: impl FnOnce(&[u8]));
}

/// What a payload says about who sent it.
#[derive(Debug, Default)]
pub struct Sender {
    /// The correlation id.
    pub correlation_id: Option<CorrelationId>,
    /// Whether the sender wrote its debug lines, where it said so.
    pub debug: Option<bool>,
    /// The functions that the request has passed so far.
    pub lineage: Lineage,
}

impl From<event::Found> for Sender {
    fn from(found: event::Found) -> Self {
        Self {
            debug: found.debug,
            lineage: found.lineage.clone().unwrap_or_default(),
            correlation_id: found.into_id(),
        }
    }
}

impl Request for LambdaInvocation {
    fn context(&self) -> &Context {
        &self.context
    }

    fn sender(&self) -> Sender {
        event::read(&self.body).into()
    }

    fn with_payload(&self, show: impl FnOnce(&[u8])) {
        show(&self.body);
    }
}

impl<P: Serialize> Request for LambdaEvent<P> {
    fn context(&self) -> &Context {
        &self.context
    }

    /// The payload is already typed here, so it is written out once to be read
    /// by the one parser there is; [`crate::run`] sees the bytes and saves this.
    fn sender(&self) -> Sender {
        serde_json::to_vec(&self.payload)
            .map(|payload| event::read(&payload).into())
            .unwrap_or_default()
    }

    fn with_payload(&self, show: impl FnOnce(&[u8])) {
        if let Ok(payload) = serde_json::to_vec(&self.payload) {
            show(&payload);
        }
    }
}
