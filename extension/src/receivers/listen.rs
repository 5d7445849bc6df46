//! The sockets: StatsD's datagrams and OTLP's requests, from loopback alone.

use std::{
    convert::Infallible,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{io::Interest, net::TcpListener, sync::Semaphore};

use super::{
    Inbox,
    otlp::{Streams, json, protobuf},
    statsd::Statsd,
};
use crate::{clock::Clock, intake::Sample, platform::Scope};

/// The largest datagram that UDP carries.
const DATAGRAM: usize = 65_536;
/// Datagrams read in one go, so that a flood cannot hold the flush up.
const MOST_DATAGRAMS: usize = 4_096;
/// A request, before and after it is unpacked.
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_CONNECTIONS: usize = 16;
/// Rest after a socket failed, so that it cannot spin.
const REST: Duration = Duration::from_millis(50);

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Which receivers are asked for, by port; 0 takes a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ports {
    /// StatsD over UDP.
    pub statsd: Option<u16>,
    /// OTLP over HTTP.
    pub otlp: Option<u16>,
}

/// The receivers that listen.
#[derive(Debug)]
pub struct Receivers {
    inbox: Arc<Inbox>,
    statsd: Option<Arc<StatsdSocket>>,
    /// Where they listen, for the log.
    pub statsd_address: Option<SocketAddr>,
    /// Where they listen, for the log.
    pub otlp_address: Option<SocketAddr>,
}

#[derive(Debug)]
struct StatsdSocket {
    socket: UdpSocket,
    reader: Mutex<Statsd>,
}

impl Receivers {
    /// Binds what is asked for on loopback and serves it. What cannot be bound is
    /// told by the sentence that comes with it, and the others listen all the same.
    pub async fn start(ports: Ports, scope: &Scope, clock: Arc<dyn Clock>) -> (Self, Vec<String>) {
        let mut receivers = Self {
            inbox: Arc::new(Inbox::default()),
            statsd: None,
            statsd_address: None,
            otlp_address: None,
        };
        let mut complaints = Vec::new();
        if let Some(port) = ports.statsd
            && let Err(error) = receivers.statsd(port, scope, &clock)
        {
            complaints.push(complaint("StatsD", port, &error));
        }
        if let Some(port) = ports.otlp
            && let Err(error) = receivers.otlp(port, scope, &clock).await
        {
            complaints.push(complaint("OTLP", port, &error));
        }
        (receivers, complaints)
    }

    /// What has been received since the last call. Datagrams that the kernel
    /// still holds are read first, so that none waits for the next invocation.
    #[must_use]
    pub fn take(&self, now_ms: i64) -> Vec<Sample> {
        let mut sets = Vec::new();
        if let Some(statsd) = &self.statsd {
            statsd.drain(&self.inbox, now_ms);
            let mut reader = statsd.reader.lock().unwrap_or_else(PoisonError::into_inner);
            sets = reader.sets(now_ms);
        }
        let mut samples = self.inbox.take();
        samples.extend(sets);
        samples
    }

    /// The inbox's counters.
    #[must_use]
    pub fn totals(&self) -> super::InboxTotals {
        self.inbox.totals()
    }

    fn statsd(&mut self, port: u16, scope: &Scope, clock: &Arc<dyn Clock>) -> io::Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        let readable = tokio::net::UdpSocket::from_std(socket.try_clone()?)?;
        self.statsd_address = socket.local_addr().ok();
        let statsd = Arc::new(StatsdSocket {
            socket,
            reader: Mutex::new(Statsd::new(scope.clone())),
        });
        self.statsd = Some(Arc::clone(&statsd));
        let (inbox, clock) = (Arc::clone(&self.inbox), Arc::clone(clock));
        tokio::spawn(async move {
            loop {
                if readable.readable().await.is_err() {
                    tokio::time::sleep(REST).await;
                }
                // WouldBlock tells tokio that there is nothing left to read.
                let _ = readable.try_io(Interest::READABLE, || {
                    match statsd.drain(&inbox, clock.now_ms()) {
                        Drained::Dry => Err(io::ErrorKind::WouldBlock.into()),
                        Drained::More => Ok(()),
                    }
                });
                tokio::task::yield_now().await;
            }
        });
        Ok(())
    }

    async fn otlp(&mut self, port: u16, scope: &Scope, clock: &Arc<dyn Clock>) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        self.otlp_address = listener.local_addr().ok();
        let otlp = Arc::new(Otlp {
            streams: Mutex::new(Streams::new(scope.clone(), clock.now_ms())),
            inbox: Arc::clone(&self.inbox),
            clock: Arc::clone(clock),
        });
        tokio::spawn(otlp.serve(listener));
        Ok(())
    }
}

fn complaint(what: &str, port: u16, error: &io::Error) -> String {
    format!("failed to listen for {what} on 127.0.0.1:{port}: {error}; give another port")
}

/// Whether a socket has been read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drained {
    /// Nothing is left.
    Dry,
    /// There may be more.
    More,
}

impl StatsdSocket {
    /// Reads what has come, without waiting.
    fn drain(&self, inbox: &Inbox, now_ms: i64) -> Drained {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut datagram = vec![0; DATAGRAM];
        for _ in 0..MOST_DATAGRAMS {
            let Ok(length) = self.socket.recv(&mut datagram) else {
                return Drained::Dry;
            };
            let lines = reader.read(datagram.get(..length).unwrap_or_default(), now_ms);
            inbox.refuse(lines.malformed);
            // What finds no room is counted there; a datagram is not answered.
            let _ = inbox.put(lines.samples);
        }
        Drained::More
    }
}

/// What a connection of OTLP needs.
struct Otlp {
    streams: Mutex<Streams>,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
}

/// The encodings of a request and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Otlp {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let otlp = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let otlp = Arc::clone(&otlp);
                    async move { Ok::<_, Infallible>(otlp.answer(request).await) }
                });
                // A broken connection is the peer's affair.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(permit);
            });
        }
    }

    /// Answers as "OTLP/HTTP Response" says: 400 is final, 503 is tried again.
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/v1/metrics" {
            return refusal(StatusCode::NOT_FOUND, "only /v1/metrics is taken here");
        }
        if request.method() != Method::POST {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "POST it");
        }
        let Some(encoding) = encoding(&request) else {
            return refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send application/x-protobuf or application/json",
            );
        };
        let packed = match request
            .headers()
            .get(CONTENT_ENCODING)
            .map(|v| v.as_bytes())
        {
            None | Some(b"identity") => false,
            Some(b"gzip") => true,
            Some(_) => return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "pack it with gzip"),
        };
        let body = Limited::new(request.into_body(), MOST_BYTES)
            .collect()
            .await;
        let Some(body) = body.ok().and_then(|body| unpacked(body.to_bytes(), packed)) else {
            self.inbox.refuse(1);
            return refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "send at most 4 MiB, unpacked",
            );
        };
        self.take(encoding, &body)
    }

    fn take(&self, encoding: Encoding, body: &[u8]) -> Response<Full<Bytes>> {
        let export = match encoding {
            Encoding::Protobuf => protobuf::read(body),
            Encoding::Json => json::read(body),
        };
        let Ok(export) = export else {
            self.inbox.refuse(1);
            return refusal(
                StatusCode::BAD_REQUEST,
                "it is no ExportMetricsServiceRequest",
            );
        };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = streams.read(&export, self.clock.now_ms());
        self.inbox.refuse(outcome.rejected);
        match self.inbox.put(outcome.samples) {
            Ok(()) => success(encoding, outcome.rejected),
            Err(_) => {
                let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, "the inbox is full");
                let second = hyper::header::HeaderValue::from_static("1");
                answer.headers_mut().insert(RETRY_AFTER, second);
                answer
            }
        }
    }
}

fn encoding(request: &Request<Incoming>) -> Option<Encoding> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    match kind.split(';').next()?.trim() {
        PROTOBUF => Some(Encoding::Protobuf),
        JSON => Some(Encoding::Json),
        _ => None,
    }
}

/// None when it is too long, or no gzip.
fn unpacked(body: Bytes, packed: bool) -> Option<Vec<u8>> {
    if !packed {
        return Some(body.into());
    }
    let mut plain = Vec::new();
    let most = u64::try_from(MOST_BYTES).ok()?.checked_add(1)?;
    flate2::read::GzDecoder::new(body.as_ref())
        .take(most)
        .read_to_end(&mut plain)
        .ok()?;
    (plain.len() <= MOST_BYTES).then_some(plain)
}

/// `ExportMetricsServiceResponse`; its only field says how many points were not
/// taken.
fn success(encoding: Encoding, rejected: u64) -> Response<Full<Bytes>> {
    let (kind, body) = match encoding {
        Encoding::Json if rejected == 0 => (JSON, "{}".to_owned().into_bytes()),
        Encoding::Json => {
            let text = format!(r#"{{"partialSuccess":{{"rejectedDataPoints":"{rejected}"}}}}"#);
            (JSON, text.into_bytes())
        }
        Encoding::Protobuf if rejected == 0 => (PROTOBUF, Vec::new()),
        Encoding::Protobuf => (PROTOBUF, partial_success(rejected)),
    };
    answer(StatusCode::OK, kind, body)
}

/// Field 1, a message of at most 11 bytes: its field 1, a varint.
fn partial_success(mut rejected: u64) -> Vec<u8> {
    let mut message = vec![0x08];
    while rejected >= 0x80 {
        message.push((rejected & 0x7f) as u8 | 0x80);
        rejected >>= 7;
    }
    message.push(rejected as u8);
    let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
    [&[0x0a, length], message.as_slice()].concat()
}

fn refusal(status: StatusCode, remedy: &'static str) -> Response<Full<Bytes>> {
    answer(status, "text/plain", remedy.as_bytes().to_vec())
}

fn answer(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
