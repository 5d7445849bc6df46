//! OTLP to the X-Ray daemon: a header line, a prefix that tells whether the spans
//! are sampled, and the protobuf in base64.

use std::net::UdpSocket;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudvault_obs_core::{redact::Redactor, segment::DATAGRAM_HEADER};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};

use super::otlp;
use crate::{config, segment};

/// What one UDP datagram can hold.
const MAX_DATAGRAM: usize = 65_507;

/// Sends spans as OTLP to the daemon, as many to a datagram as it holds. A span
/// that is too large for one, or that the socket refuses, is lost: the line that
/// tells of lost telemetry counts it. Well-known secrets are taken out.
#[derive(Debug)]
pub struct OtlpUdpExporter {
    socket: Option<UdpSocket>,
    redactor: Redactor,
    resource: ResourceAttributesWithSchema,
}

impl OtlpUdpExporter {
    /// Sends to the daemon at `address`, in either form that
    /// `AWS_XRAY_DAEMON_ADDRESS` has.
    #[must_use]
    pub fn to(address: &str) -> Self {
        let connect = |daemon: std::net::SocketAddr| {
            let any = if daemon.is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            let socket = UdpSocket::bind(any).ok()?;
            socket.connect(daemon).ok()?;
            socket.set_nonblocking(true).ok()?;
            Some(socket)
        };
        Self {
            socket: config::xray_address(address).and_then(connect),
            redactor: Redactor::default(),
            resource: ResourceAttributesWithSchema::default(),
        }
    }

    /// Sends `spans`, in halves where they do not fit one datagram; gives the
    /// number of those that could not be sent.
    fn send(&self, socket: &UdpSocket, mut spans: Vec<SpanData>, prefix: &str) -> u64 {
        if spans.is_empty() {
            return 0;
        }
        let encoded = STANDARD.encode(otlp::encode(spans.clone(), &self.resource));
        let datagram = [DATAGRAM_HEADER, prefix.as_bytes(), encoded.as_bytes()].concat();
        if datagram.len() <= MAX_DATAGRAM {
            let sent = socket.send(&datagram).is_ok() || socket.send(&datagram).is_ok();
            return if sent { 0 } else { spans.len() as u64 };
        }
        if spans.len() == 1 {
            return 1;
        }
        let rest = spans.split_off(spans.len() / 2);
        self.send(socket, spans, prefix) + self.send(socket, rest, prefix)
    }
}

impl SpanExporter for OtlpUdpExporter {
    fn export(&self, mut spans: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        otlp::redact(&mut spans, &self.redactor);
        let result = match &self.socket {
            None => Err(OTelSdkError::InternalFailure(
                "no daemon at that address".into(),
            )),
            Some(socket) => {
                let (sampled, not): (Vec<_>, Vec<_>) = spans
                    .into_iter()
                    .partition(|span| span.span_context.is_sampled());
                let lost = self.send(socket, sampled, "T1S") + self.send(socket, not, "T1U");
                segment::lose(lost);
                Ok(())
            }
        };
        std::future::ready(result)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
