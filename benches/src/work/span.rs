//! Spans: polled, and as subsegments.

use std::{
    convert::Infallible,
    hint::black_box,
    io::IoSlice,
    net::UdpSocket,
    os::fd::AsRawFd as _,
    pin::pin,
    task::{self, Poll, Waker},
    time::Duration,
};

use cloudvault_obs::{Context, LambdaEvent, testing::Function};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, sendmmsg, sendmsg};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tower::{Layer as _, Service as _};
use tracing::{Dispatch, dispatcher::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::Contenders;
use crate::{
    Work, by_hand,
    case::{in_parts, steady, timed},
};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "span entered and left",
            vec![
                ("registry alone", || {
                    entered(Dispatch::new(Registry::default()))
                }),
                ("cloudvault-obs", ours_entered),
                ("tracing-opentelemetry", || entered(opentelemetry())),
            ],
        ),
        (
            "span as a subsegment",
            vec![
                ("by hand", by_hand_subsegment),
                ("cloudvault-obs", ours_opened),
                ("registry alone", || {
                    opened(Dispatch::new(Registry::default()))
                }),
                ("tracing-opentelemetry", || opened(opentelemetry())),
            ],
        ),
        ("sending", vec![("one UDP datagram", udp)]),
        (
            "sending eight spans",
            vec![
                ("a datagram each", || sending(each)),
                ("a datagram each, one sendmmsg call", || sending(together)),
                ("a datagram each, one GSO call", || sending(segmented)),
                ("one document, as cloudvault-obs", || sending(nested)),
            ],
        ),
    ]
}

fn span() -> tracing::Span {
    tracing::info_span!(
        "store",
        bucket = black_box("vault"),
        attempt = 1,
        ratio = 0.5,
        cached = true
    )
}

fn opentelemetry() -> Dispatch {
    let tracer = SdkTracerProvider::builder().build().tracer("benches");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    Dispatch::new(Registry::default().with(layer))
}

fn poll(span: &tracing::Span) {
    let _entered = black_box(span).enter();
}

fn entered(dispatch: Dispatch) -> Work {
    Box::new(move |times| {
        with_default(&dispatch, || {
            let span = span();
            timed(times, || poll(&span))
        })
    })
}

fn opened(dispatch: Dispatch) -> Work {
    Box::new(move |times| with_default(&dispatch, || timed(times, || drop(span().entered()))))
}

/// Within an invocation that is traced; its end, which sends, is not measured.
fn ours_within(work: fn(u64) -> Duration) -> Work {
    let function: &'static Function = Box::leak(Box::new(Function::new()));
    in_parts(
        64,
        move |times| within(function, || work(times)),
        || function.clear_output(),
    )
}

/// Runs `work` as the handler of one traced invocation.
pub(super) fn within<T>(function: &Function, work: impl FnOnce() -> T) -> T {
    let mut work = Some(work);
    let handler = cloudvault_obs::service_fn(|_: LambdaEvent<u64>| {
        let work = work.take().expect("called once");
        std::future::ready(Ok::<_, Infallible>(work()))
    });
    let mut context = Context::default();
    context.xray_trace_id = Some(TRACE.to_owned());
    let mut service = function.layer().layer(handler);
    let call = function.scope(|| service.call(LambdaEvent::new(0, context)));
    let mut call = pin!(call);
    let mut waker = task::Context::from_waker(Waker::noop());
    match function.scope(|| call.as_mut().poll(&mut waker)) {
        Poll::Ready(Ok(value)) => value,
        _ => unreachable!("the handler never waits"),
    }
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

fn ours_entered() -> Work {
    ours_within(|times| {
        let span = span();
        timed(times, || poll(&span))
    })
}

fn ours_opened() -> Work {
    ours_within(|times| timed(times, || drop(span().entered())))
}

fn by_hand_subsegment() -> Work {
    let mut id = 1;
    steady(move || {
        let mut out = Vec::with_capacity(512);
        by_hand::subsegment(&mut out, id, black_box((1, "vault")));
        id += 1;
        black_box(out);
    })
}

fn daemon() -> (UdpSocket, UdpSocket) {
    let daemon = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket
        .connect(daemon.local_addr().expect("an address"))
        .expect("connected");
    (daemon, socket)
}

fn udp() -> Work {
    let (daemon, socket) = daemon();
    let mut document = Vec::new();
    by_hand::subsegment(&mut document, 1, (1, "vault"));
    steady(move || {
        let _keep = &daemon;
        let _ = socket.send(&document);
    })
}

/// Eight documents of one length, one behind the other.
struct Eight {
    bytes: Vec<u8>,
    each: usize,
}

fn sending(send: fn(&UdpSocket, &Eight)) -> Work {
    let (daemon, socket) = daemon();
    let mut bytes = Vec::new();
    for id in 1..=8 {
        by_hand::subsegment(&mut bytes, id, (1, "vault"));
    }
    let each = bytes.len() / 8;
    let eight = Eight { bytes, each };
    steady(move || {
        let _keep = &daemon;
        send(&socket, black_box(&eight));
    })
}

fn each(socket: &UdpSocket, eight: &Eight) {
    for document in eight.bytes.chunks(eight.each) {
        socket.send(document).expect("sent");
    }
}

fn together(socket: &UdpSocket, eight: &Eight) {
    let parts: Vec<[IoSlice<'_>; 1]> = eight
        .bytes
        .chunks(eight.each)
        .map(|document| [IoSlice::new(document)])
        .collect();
    let mut headers = MultiHeaders::<()>::preallocate(parts.len(), None);
    let sent = sendmmsg(
        socket.as_raw_fd(),
        &mut headers,
        &parts,
        [None; 8],
        [],
        MsgFlags::empty(),
    );
    assert_eq!(sent.expect("sent").count(), 8);
}

fn segmented(socket: &UdpSocket, eight: &Eight) {
    let each = u16::try_from(eight.each).expect("short");
    let size = [ControlMessage::UdpGsoSegments(&each)];
    let bytes = [IoSlice::new(&eight.bytes)];
    sendmsg::<()>(socket.as_raw_fd(), &bytes, &size, MsgFlags::empty(), None).expect("sent");
}

/// As many bytes as a tree of eight spans has, in one datagram.
fn nested(socket: &UdpSocket, eight: &Eight) {
    socket.send(&eight.bytes).expect("sent");
}
