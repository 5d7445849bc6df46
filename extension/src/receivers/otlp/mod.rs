//! OTLP metrics: what an OpenTelemetry SDK exports, as samples.
//!
//! [`wire`] and [`json`] read the two encodings into one [`model`]; [`stream`]
//! turns cumulative values into what came since; [`buckets`] turns histograms of
//! either kind into values and counts.
//!
//! After "OpenTelemetry Protocol Specification 1.10" and
//! `opentelemetry/proto/metrics/v1/metrics.proto`. The reader is written by hand:
//! it needs a fraction of the messages, and lends where generated code would copy.

pub mod wire;
pub mod protobuf;
pub mod json;
pub mod model;
pub mod buckets;
pub mod stream;

pub use model::Export;
pub use stream::Streams;
