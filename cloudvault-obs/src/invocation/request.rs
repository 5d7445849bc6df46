//! What can be observed: the raw invocation below `lambda_runtime::Runtime`, or
//! the event that a handler takes.

use cloudvault_obs_core::correlation::CorrelationId;
use lambda_runtime::{Context, LambdaEvent, LambdaInvocation};
use serde::Serialize;

use crate::event;

/// An incoming request with its Lambda context.
pub trait Request {
    /// What Lambda says about the invocation.
    fn context(&self) -> &Context;

    /// The correlation id in the payload.
    fn correlation_id(&self) -> Option<CorrelationId>;
}

impl Request for LambdaInvocation {
    fn context(&self) -> &Context {
        &self.context
    }

    fn correlation_id(&self) -> Option<CorrelationId> {
        event::correlation_id(&self.body)
    }
}

impl<P: Serialize> Request for LambdaEvent<P> {
    fn context(&self) -> &Context {
        &self.context
    }

    /// The payload is already typed here, so it is written out once to be read
    /// by the one parser there is; [`crate::run`] sees the bytes and saves this.
    fn correlation_id(&self) -> Option<CorrelationId> {
        event::correlation_id(&serde_json::to_vec(&self.payload).ok()?)
    }
}
