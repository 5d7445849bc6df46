//! Invocations whose documents a test reads, from real datagrams.

use std::{net::UdpSocket, sync::LazyLock, time::Duration};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tower::{Layer as _, Service as _};

use crate::{
    Error,
    config::Config,
    invocation::Layer,
    output::Output,
    run,
    subscriber::{Installed, install},
};

pub(crate) const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
pub(crate) const FACADE: &str = "53995c3f42cd8ad8";

/// AWS's published schema.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = include_str!("../../core/schemas/xray-segmentdocument-schema-v1.0.0.json");
    let schema = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft4::new(&schema).expect("the schema is one")
});

/// A process with everything installed for this thread, and its daemon.
pub(crate) struct Traced {
    pub(crate) layer: Layer,
    daemon: UdpSocket,
    _subscriber: Installed,
}

impl Traced {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        let daemon = UdpSocket::bind("127.0.0.1:0").expect("a port");
        daemon
            .set_read_timeout(Some(Duration::from_millis(200)))
            .expect("a timeout");
        let address = daemon.local_addr().expect("bound").to_string();
        let fixed = [
            ("AWS_LAMBDA_FUNCTION_NAME", "fn"),
            ("AWS_XRAY_DAEMON_ADDRESS", &address),
            ("OBS_JOURNAL", "/nonexistent"),
        ];
        let all = fixed.iter().chain(variables);
        let config = Config::read(all.map(|(name, value)| (name.to_string(), value.to_string())));
        let (telemetry, observer) = run::build(&config, Output::buffer(std::sync::Arc::default()));
        let subscriber = install(observer);
        Self {
            layer: Layer::new(telemetry),
            daemon,
            _subscriber: subscriber,
        }
    }

    /// Runs `work` as the handler of one sampled invocation.
    pub(crate) fn invoke(&self, work: impl Fn()) {
        let mut service = self.layer.layer(crate::service_fn(|_: LambdaEvent<Value>| {
            work();
            std::future::ready(Ok::<_, Error>(()))
        }));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime
            .block_on(service.call(event(1, 0)))
            .expect("the handler does not fail");
    }

    /// The next datagram's document, valid by AWS's schema and within the limit.
    pub(crate) fn document(&self) -> Option<Value> {
        let mut buffer = vec![0; 70_000];
        let length = self.daemon.recv(&mut buffer).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
        let (header, document) = text.split_once('\n').expect("a header");
        assert_eq!(header, r#"{"format":"json","version":1}"#);
        assert!(document.len() <= 64_000, "{} bytes", document.len());
        let document: Value = serde_json::from_str(document).expect("JSON");
        let errors: Vec<String> = SCHEMA
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?} in {document}");
        Some(document)
    }

    /// All that were sent, one by one.
    pub(crate) fn datagrams(&self) -> Vec<Value> {
        std::iter::from_fn(|| self.document()).collect()
    }

    /// All subsegments that were sent, each by itself with its parent's id.
    pub(crate) fn documents(&self) -> Vec<Value> {
        let mut flat = Vec::new();
        for document in self.datagrams() {
            flatten(document, None, &mut flat);
        }
        flat
    }
}

fn flatten(mut document: Value, parent: Option<&str>, into: &mut Vec<Value>) {
    if let Some(parent) = parent {
        document["parent_id"] = parent.into();
    }
    let members = document.as_object_mut().expect("an object");
    let nested = members.remove("subsegments");
    let id = members["id"].as_str().expect("an id").to_owned();
    into.push(document);
    for child in nested
        .iter()
        .flat_map(|nested| nested.as_array().expect("a list"))
    {
        flatten(child.clone(), Some(&id), into);
    }
}

/// An invocation's event that ends by `deadline` milliseconds since the epoch.
pub(crate) fn event(sampled: u8, deadline: u64) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.request_id = "req-1".into();
    context.deadline = deadline;
    context.xray_trace_id = Some(format!(
        "Root={TRACE};Parent={FACADE};Sampled={sampled};Lineage=a:1"
    ));
    let payload = json!({"headers": {"x-correlation-id": "corr-1"}});
    LambdaEvent::new(payload, context)
}
