//! Code that uses the OpenTelemetry API, in the same traces.
//!
//! * [`XraySpanExporter`] turns OpenTelemetry's spans into X-Ray documents, by the
//!   same table as those of `tracing`. Those of the current invocation's trace
//!   leave together with its own.
//! * [`OtlpUdpExporter`] sends OTLP to the X-Ray daemon, which takes it beside its
//!   own format.
//! * [`OtlpHttpExporter`] sends OTLP to a collector, or signed to X-Ray's OTLP
//!   endpoint.
//! * [`Propagator`] reads and writes `X-Amzn-Trace-Id`.
//!
//! ```
//! use cloudvault_obs as obs;
//! use opentelemetry::trace::{Tracer as _, TracerProvider as _};
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//!
//! let provider = SdkTracerProvider::builder()
//!     .with_simple_exporter(obs::otel::XraySpanExporter::to("127.0.0.1:2000"))
//!     .build();
//! provider.tracer("doc").in_span("work", |_| ());
//! ```

mod propagator;
mod convert;
mod exporter;
mod otlp;
mod udp;
mod http;

pub use self::http::{OtlpHttpExporter, Signing};
pub use exporter::XraySpanExporter;
pub use propagator::Propagator;
pub use udp::OtlpUdpExporter;

#[cfg(test)]
mod tests;
