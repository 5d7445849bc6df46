//! The header in every spelling that AWS uses, for OpenTelemetry.

use cloudvault_obs_core::trace::TraceHeader;
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
};
use opentelemetry_aws::trace::XrayPropagator;

/// `opentelemetry-aws`'s propagator, which by itself takes neither keys in lower
/// case nor blanks behind `;`, and takes versions that do not exist.
///
/// ```
/// use std::collections::HashMap;
/// use cloudvault_obs::otel::Propagator;
/// use opentelemetry::{propagation::TextMapPropagator as _, trace::TraceContextExt as _};
///
/// let header = "sampled=1; parent=53995c3f42cd8ad8; root=1-5759e988-bd862e3fe1be46a994272793";
/// let carrier = HashMap::from([("x-amzn-trace-id".to_owned(), header.to_owned())]);
/// let context = Propagator::default().extract(&carrier);
/// let trace_id = context.span().span_context().trace_id().to_string();
/// assert_eq!(trace_id, "5759e988bd862e3fe1be46a994272793");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Propagator(XrayPropagator);

const HEADER: &str = "x-amzn-trace-id";

/// What was received, as AWS's own clients spell it.
struct Spelt(Option<String>);

impl Extractor for Spelt {
    fn get(&self, key: &str) -> Option<&str> {
        self.0
            .as_deref()
            .filter(|_| key.eq_ignore_ascii_case(HEADER))
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        self.0.inject_context(cx, injector);
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let header = extractor
            .get(HEADER)
            .or_else(|| extractor.get("X-Amzn-Trace-Id"));
        let header = header.and_then(|text| text.parse::<TraceHeader>().ok());
        let spelt = |mut header: TraceHeader| {
            // A trace state cannot carry it, and would cost the whole header.
            header.lineage = header.lineage.filter(|text| !text.contains(['=', ',']));
            header.to_string()
        };
        self.0.extract_with_context(cx, &Spelt(header.map(spelt)))
    }

    fn fields(&self) -> FieldIter<'_> {
        self.0.fields()
    }
}
