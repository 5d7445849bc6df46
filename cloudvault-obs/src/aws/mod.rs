//! AWS SDK calls: each one a subsegment, each one part of the trace.
//!
//! ```
//! use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
//! use cloudvault_obs as obs;
//!
//! // aws_sdk_s3::config::Builder::from(&aws_config).interceptor(obs::aws::Interceptor::new())
//! let interceptor = SharedInterceptor::new(obs::aws::Interceptor::new());
//! ```
//!
//! With the interceptor in a client's configuration, every call made inside an
//! invocation
//!
//! * is a subsegment of the span it is made in, `namespace: aws`, named by its
//!   service, with operation, region, request id, HTTP status, retries, and the
//!   queue, table, bucket, topic, stream or function that it is about;
//! * carries `X-Amzn-Trace-Id` with that subsegment as its parent, and with the
//!   invocation's `Lineage`, also where invocations run concurrently: the SDK's
//!   own recursion detection reads a process-wide variable that such
//!   environments do not set;
//! * takes the correlation id, the debug decision and the functions passed so far
//!   to whoever receives the message: message
//!   attributes of SQS and SNS, `__context__` in the detail of an EventBridge
//!   event. A message that has one already, or has no room left (SQS takes ten
//!   attributes), is sent as it is.
//!
//! Outside an invocation calls go through untouched.

mod interceptor;
mod call;
mod message;

pub use interceptor::Interceptor;

#[cfg(test)]
mod tests;
