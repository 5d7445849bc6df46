//! The hooks that the SDK calls on the way of each request.

use std::{error::Error, sync::Arc};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
                BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, Storable, StoreReplace},
};
use cloudvault_obs_core::trace::TraceHeader;
use tracing::{Span, field::Empty};

use super::{call, message};
use crate::{
    invocation::{self, Invocation},
    propagation::{self, Outbound},
};

/// Records a client's calls; see the [module](super).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Interceptor {}

impl Interceptor {
    /// An interceptor for any client; it has no state of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

/// A call under way, kept in the call's own configuration.
#[derive(Debug, Clone)]
struct Call {
    span: Span,
    /// The invocation that made it: hooks may run on any thread.
    invocation: Arc<Invocation>,
    /// The ids of the record that was worked on when it was made.
    ids: Outbound,
    attempts: u64,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Interceptor {
    fn name(&self) -> &'static str {
        "cloudvault_obs"
    }

    /// The first hook that knows which operation this is: at the one before, an
    /// interceptor of the client's has only the client's configuration.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(invocation) = invocation::current() else {
            return Ok(());
        };
        let (service, operation) = cfg.load::<Metadata>().map_or(("AWS", ""), |metadata| {
            (metadata.service(), metadata.name())
        });
        let span = open(service, operation);
        let ids = propagation::of(&invocation, String::new());
        cfg.interceptor_state().store_put(Call {
            span,
            ids,
            invocation,
            attempts: 0,
        });
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(call), Some(metadata)) = (cfg.load::<Call>(), cfg.load::<Metadata>()) else {
            return Ok(());
        };
        let request = context.request_mut();
        let kind = message::Kind::of(metadata.service(), metadata.name());
        let changed = kind.and_then(|kind| {
            let ids = Outbound {
                trace_header: call.header().map_or_else(String::new, |it| it.to_string()),
                ..call.ids.clone()
            };
            message::with_ids(kind, request.body().bytes()?, &ids)
        });
        if let Some(body) = changed {
            if request.headers().contains_key("content-length") {
                request
                    .headers_mut()
                    .insert("content-length", body.len().to_string());
            }
            *request.body_mut() = SdkBody::from(body);
        }
        Ok(())
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = cfg.load::<Call>() else {
            return Ok(());
        };
        if let Some(header) = call.header() {
            // Never part of the signature: proxies may change it.
            let headers = context.request_mut().headers_mut();
            headers.insert("x-amzn-trace-id", header.to_string());
        }
        let mut call = call.clone();
        call.attempts += 1;
        cfg.interceptor_state().store_put(call);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(call), Some(metadata)) = (cfg.load::<Call>(), cfg.load::<Metadata>())
            && call.attempts == 1
        {
            call::record_request(&call.span, metadata.service(), context.request());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = cfg.load::<Call>() else {
            return Ok(());
        };
        call.span
            .record("aws.retries", call.attempts.saturating_sub(1));
        if let Some(response) = context.response() {
            call::record_response(&call.span, response);
        }
        if let Some(Err(error)) = context.output_or_error() {
            let error: &(dyn Error + 'static) = match error.as_operation_error() {
                Some(operation) => operation,
                None => error,
            };
            call.span.record("error", error);
        }
        // The bag may live on in a response stream; the call is over now.
        let done = Call {
            span: Span::none(),
            ..call.clone()
        };
        cfg.interceptor_state().store_put(done);
        Ok(())
    }
}

impl Call {
    /// What the request is to say of its trace.
    fn header(&self) -> Option<TraceHeader> {
        let trace = self.invocation.trace.as_ref()?;
        let own = self.invocation.sampled().and(self.span.id());
        let parent = own
            .map(|id| self.invocation.segment_id(&id))
            .or(trace.parent);
        Some(TraceHeader {
            parent,
            ..trace.clone()
        })
    }
}

fn open(service: &str, operation: &str) -> Span {
    tracing::info_span!(
        target: "cloudvault_obs::aws",
        "aws",
        otel.name = service,
        otel.kind = "client",
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = operation,
        aws.region = Empty,
        aws.request_id = Empty,
        aws.extended_request_id = Empty,
        aws.retries = Empty,
        aws.sqs.queue.url = Empty,
        aws.table_name = Empty,
        aws.s3.bucket = Empty,
        aws.s3.key = Empty,
        aws.sns.topic.arn = Empty,
        aws.kinesis.stream_name = Empty,
        aws.lambda.invoked_function = Empty,
        messaging.destination.name = Empty,
        http.response.status_code = Empty,
        http.response.body.size = Empty,
        error.type = Empty,
        error = Empty,
    )
}
