//! The server: Lambda's APIs as an extension sees them, and what CloudWatch and X-Ray
//! answer it. It keeps the order in which things happened.

mod http;
mod lambda;
mod cloudwatch;
mod xray;

use std::{
    collections::VecDeque,
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

pub(crate) use cloudwatch::{Answer, Request};
pub(crate) use http::post;
use http::{DRIP, Headers, request};
pub(crate) use xray::XRayAnswer;

/// What the server saw, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Register {
        name: String,
        events: Vec<String>,
    },
    Subscribe,
    Next,
    Put(Request),
    /// PutTraceSegments with documents of these ids.
    Segments(Vec<String>),
    /// A put was let go without an answer.
    LetGo,
    /// The invocation's deadline passed.
    Deadline,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    events: VecDeque<String>,
    answers: VecDeque<Answer>,
    xray: VecDeque<XRayAnswer>,
    /// Where the answers run out, this one stands.
    otherwise: Option<Answer>,
    generation: usize,
    telemetry: Option<String>,
    no_telemetry: bool,
    refuse_register: bool,
}

/// Status, more headers, body.
type Reply = (u16, String, Vec<u8>);

/// The running server.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

/// Nothing here takes long; a test that waits longer has failed.
const GUARD: Duration = Duration::from_secs(60);

impl Fake {
    pub(crate) fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self {
            address: socket.local_addr().unwrap(),
            state: Arc::default(),
        };
        let serving = fake.clone();
        thread::spawn(move || {
            for stream in socket.incoming() {
                let fake = serving.clone();
                thread::spawn(move || fake.connection(stream.unwrap()));
            }
        });
        fake
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap()
    }

    fn note(&self, seen: Seen) {
        self.lock().seen.push(seen);
        self.state.1.notify_all();
    }

    /// Notes the deadline when it passes.
    pub(crate) fn watch_deadline(&self, after: Duration) {
        let fake = self.clone();
        thread::spawn(move || {
            thread::sleep(after);
            fake.note(Seen::Deadline);
        });
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// Waits until `count` of what was seen match.
    pub(crate) fn wait(&self, count: usize, matches: impl Fn(&Seen) -> bool) {
        let enough =
            |state: &mut State| state.seen.iter().filter(|seen| matches(seen)).count() < count;
        let (state, timeout) = self
            .state
            .1
            .wait_timeout_while(self.lock(), GUARD, enough)
            .unwrap();
        assert!(
            !timeout.timed_out(),
            "waited in vain; seen: {:#?}",
            state.seen
        );
    }

    pub(crate) fn wait_next(&self, count: usize) {
        self.wait(count, |seen| *seen == Seen::Next);
    }

    fn wait_for_another_next(&self) {
        let asked = |state: &State| state.seen.iter().filter(|s| **s == Seen::Next).count();
        let before = asked(&self.lock());
        drop(
            self.state
                .1
                .wait_while(self.lock(), |s| asked(s) == before)
                .unwrap(),
        );
    }

    fn connection(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some((head, headers, body)) = request(&mut reader) {
            let Some((status, extra, answer)) = self.route(&head, &headers, body) else {
                return;
            };
            let length = answer.len();
            let head = format!("HTTP/1.1 {status} X\r\n{extra}content-length: {length}\r\n\r\n");
            if extra.contains(DRIP) {
                stream.write_all(head.as_bytes()).unwrap();
                self.wait_for_another_next();
                return;
            }
            if stream
                .write_all(&[head.as_bytes(), &answer].concat())
                .is_err()
            {
                return;
            }
        }
    }

    /// `None` closes the connection.
    fn route(&self, head: &str, headers: &Headers, body: Vec<u8>) -> Option<Reply> {
        let path = head.split(' ').nth(1).unwrap();
        match path {
            "/2020-01-01/extension/register" => Some(self.register(headers, &body)),
            "/2020-01-01/extension/event/next" => {
                self.next(&headers["lambda-extension-identifier"])
            }
            "/2022-07-01/telemetry" => Some(self.subscribe(&body)),
            "/service/GraniteServiceVersion20100801/operation/PutMetricData" => {
                self.put(headers, body)
            }
            "/TraceSegments" => self.trace_segments(headers, &body),
            _ => panic!("asked for {head}"),
        }
    }
}
