//! The server: Runtime and Telemetry APIs as an extension sees them, and
//! PutMetricData over rpc-v2-cbor. It keeps the order in which things happened.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use ciborium::Value;

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

/// What a PutMetricData request carried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) namespace: String,
    pub(crate) points: u64,
    pub(crate) data: usize,
    pub(crate) most_values: usize,
    /// Length of the body before compression.
    pub(crate) bytes: usize,
    pub(crate) names: Vec<String>,
    /// Who signed it.
    pub(crate) access_key: String,
}

/// How the next PutMetricData is answered; without any, with 200.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    Throttle,
    Fault,
    Deny,
    /// No answer until the extension asks for its next event.
    HangUntilNext,
    /// 200, and a body that only comes when the next event is asked for.
    DripUntilNext,
    /// The request is read and the connection closed.
    Lose,
    /// 413.
    TooLarge,
    Ok,
}

/// How the next PutTraceSegments is answered; without any, with 200 and nothing
/// unprocessed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum XRayAnswer {
    /// These ids are not processed, with this code.
    Unprocessed(Vec<&'static str>, &'static str),
    /// The whole call is refused, with this code.
    Refuse(&'static str),
    /// No answer until the extension asks for its next event.
    HangUntilNext,
    /// The request is read, and no answer comes before the process is gone.
    HangUntilRegister,
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

    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.lock().answers.extend(answers);
    }

    pub(crate) fn answer_segments(&self, answers: &[XRayAnswer]) {
        self.lock().xray.extend(answers.iter().cloned());
    }

    /// The ids of every PutTraceSegments, in order.
    pub(crate) fn segments(&self) -> Vec<Vec<String>> {
        let ids = |seen| match seen {
            Seen::Segments(ids) => Some(ids),
            _ => None,
        };
        self.seen().into_iter().filter_map(ids).collect()
    }

    pub(crate) fn answer_always(&self, answer: Answer) {
        self.lock().otherwise = Some(answer);
    }

    pub(crate) fn without_telemetry(&self) {
        self.lock().no_telemetry = true;
    }

    pub(crate) fn refuse_register(&self) {
        self.lock().refuse_register = true;
    }

    pub(crate) fn invoke(&self, request_id: &str, deadline_ms: i64) {
        self.event(&format!(
            r#"{{"eventType":"INVOKE","deadlineMs":{deadline_ms},"requestId":"{request_id}","invokedFunctionArn":"arn"}}"#
        ));
    }

    pub(crate) fn shutdown(&self, deadline_ms: i64) {
        self.shut_down("spindown", deadline_ms);
    }

    pub(crate) fn shut_down(&self, reason: &str, deadline_ms: i64) {
        self.event(&format!(
            r#"{{"eventType":"SHUTDOWN","shutdownReason":"{reason}","deadlineMs":{deadline_ms}}}"#
        ));
    }

    fn event(&self, event: &str) {
        self.lock().events.push_back(event.to_owned());
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

    /// Posts platform.runtimeDone to whoever subscribed.
    pub(crate) fn runtime_done(&self, request_id: &str) {
        self.telemetry(&format!(
            r#"[{{"type":"platform.odd"}},{{"time":"t","type":"platform.runtimeDone","record":{{"requestId":"{request_id}","status":"success"}}}}]"#
        ));
    }

    /// Posts a delivery to whoever subscribed, who always answers 200.
    pub(crate) fn telemetry(&self, body: &str) {
        let uri = self
            .lock()
            .telemetry
            .clone()
            .expect("the extension has subscribed");
        let authority = uri.strip_prefix("http://").unwrap().trim_end_matches('/');
        let answer = post(authority, "/", "application/json", body.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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

    pub(crate) fn puts(&self) -> Vec<Request> {
        let put = |seen| match seen {
            Seen::Put(request) => Some(request),
            _ => None,
        };
        self.seen().into_iter().filter_map(put).collect()
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

    fn route(
        &self,
        head: &str,
        headers: &HashMap<String, String>,
        body: Vec<u8>,
    ) -> Option<(u16, String, Vec<u8>)> {
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

    fn register(&self, headers: &HashMap<String, String>, body: &[u8]) -> (u16, String, Vec<u8>) {
        if self.lock().refuse_register {
            return (
                403,
                String::new(),
                b"{\"errorType\":\"Extension.Forbidden\"}".to_vec(),
            );
        }
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let events = serde_json::from_value(body["events"].clone()).unwrap();
        let generation = {
            let mut state = self.lock();
            state.generation += 1;
            state.generation
        };
        self.note(Seen::Register {
            name: headers["lambda-extension-name"].clone(),
            events,
        });
        let extra = format!("lambda-extension-identifier: id-{generation}\r\n");
        (200, extra, b"{\"functionName\":\"f\"}".to_vec())
    }

    fn subscribe(&self, body: &[u8]) -> (u16, String, Vec<u8>) {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let mut state = self.lock();
        if state.no_telemetry {
            return (
                202,
                String::new(),
                b"Telemetry API is not supported".to_vec(),
            );
        }
        assert_eq!(body["schemaVersion"], "2025-01-29");
        state.telemetry = Some(body["destination"]["URI"].as_str().unwrap().to_owned());
        state.seen.push(Seen::Subscribe);
        self.state.1.notify_all();
        (200, String::new(), b"OK".to_vec())
    }

    fn next(&self, identifier: &str) -> Option<(u16, String, Vec<u8>)> {
        self.note(Seen::Next);
        // A process that was killed must not swallow the next one's event.
        let current = |state: &State| format!("id-{}", state.generation) == identifier;
        let waiting = |state: &mut State| state.events.is_empty() && current(state);
        let mut state = self.state.1.wait_while(self.lock(), waiting).unwrap();
        if !current(&state) {
            return None;
        }
        let event = state.events.pop_front()?;
        Some((200, String::new(), event.into_bytes()))
    }

    fn trace_segments(
        &self,
        headers: &HashMap<String, String>,
        body: &[u8],
    ) -> Option<(u16, String, Vec<u8>)> {
        assert!(
            headers["authorization"].contains("/xray/aws4_request"),
            "{headers:?}"
        );
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let documents = body["TraceSegmentDocuments"].as_array().unwrap();
        assert!((1..=50).contains(&documents.len()));
        let id = |document: &serde_json::Value| {
            let text = document.as_str().unwrap();
            let document: serde_json::Value = serde_json::from_str(text).unwrap();
            document["id"].as_str().unwrap().to_owned()
        };
        self.note(Seen::Segments(documents.iter().map(id).collect()));
        let (answer, generation) = {
            let mut state = self.lock();
            (state.xray.pop_front(), state.generation)
        };
        let json = |status, body: serde_json::Value| {
            Some((status, String::new(), body.to_string().into_bytes()))
        };
        match answer {
            None => json(200, serde_json::json!({"UnprocessedTraceSegments": []})),
            Some(XRayAnswer::Unprocessed(ids, code)) => {
                let unprocessed = ids.iter().map(
                    |id| serde_json::json!({"Id": id, "ErrorCode": code, "Message": "as told"}),
                );
                let unprocessed: Vec<_> = unprocessed.collect();
                json(
                    200,
                    serde_json::json!({"UnprocessedTraceSegments": unprocessed}),
                )
            }
            Some(XRayAnswer::Refuse(code)) => json(400, serde_json::json!({"__type": code})),
            Some(XRayAnswer::HangUntilNext) => {
                self.wait_for_another_next();
                None
            }
            Some(XRayAnswer::HangUntilRegister) => {
                let same = |state: &mut State| state.generation == generation;
                drop(self.state.1.wait_while(self.lock(), same).unwrap());
                None
            }
        }
    }

    fn put(
        &self,
        headers: &HashMap<String, String>,
        body: Vec<u8>,
    ) -> Option<(u16, String, Vec<u8>)> {
        assert!(
            headers["authorization"].contains("/monitoring/aws4_request"),
            "{headers:?}"
        );
        let request = decode(headers, &body);
        let poisoned = request.names.iter().any(|name| name == "poison");
        self.note(Seen::Put(request));
        let answer = {
            let mut state = self.lock();
            let otherwise = state.otherwise.unwrap_or(Answer::Ok);
            state.answers.pop_front().unwrap_or(otherwise)
        };
        let extra = "smithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n".to_owned();
        match answer {
            Answer::Ok if poisoned => Some((400, extra, error("InvalidParameterValue"))),
            Answer::Ok => Some((200, extra, vec![0xa0])),
            Answer::Throttle => Some((400, extra, error("Throttling"))),
            Answer::Fault => Some((500, extra, error("InternalServiceFault"))),
            Answer::Deny => Some((403, extra, error("AccessDenied"))),
            Answer::TooLarge => Some((413, String::new(), b"too large".to_vec())),
            Answer::Lose => None,
            Answer::DripUntilNext => Some((200, extra + DRIP, vec![0xa0])),
            Answer::HangUntilNext => {
                self.wait_for_another_next();
                self.note(Seen::LetGo);
                None
            }
        }
    }
}

/// One POST on a connection of its own; gives the whole answer.
pub(crate) fn post(authority: &str, path: &str, kind: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Marks an answer whose body is held back.
const DRIP: &str = "x-drip: 1\r\n";

fn request(reader: &mut impl BufRead) -> Option<(String, HashMap<String, String>, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let headers: HashMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((lines[0].clone(), headers, body))
}

fn error(code: &str) -> Vec<u8> {
    let text = |text: &str| Value::Text(text.into());
    let body = Value::Map(vec![
        (
            text("__type"),
            text(&format!("com.amazonaws.cloudwatch#{code}")),
        ),
        (text("message"), text("as told by the test")),
    ]);
    let mut out = Vec::new();
    ciborium::into_writer(&body, &mut out).unwrap();
    out
}

fn decode(headers: &HashMap<String, String>, body: &[u8]) -> Request {
    let mut plain = body.to_vec();
    if headers
        .get("content-encoding")
        .is_some_and(|encoding| encoding == "gzip")
    {
        plain.clear();
        flate2::read::GzDecoder::new(body)
            .read_to_end(&mut plain)
            .unwrap();
    }
    let body: Value = ciborium::from_reader(plain.as_slice()).unwrap();
    let data = get(&body, "MetricData").as_array().unwrap();
    let counts = |datum: &Value| -> Vec<f64> {
        get(datum, "Counts")
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .collect()
    };
    let authorization = &headers["authorization"];
    let scope = authorization.split_once("Credential=").unwrap().1;
    Request {
        access_key: scope.split('/').next().unwrap().to_owned(),
        namespace: get(&body, "Namespace").as_text().unwrap().to_owned(),
        points: data.iter().flat_map(counts).sum::<f64>() as u64,
        data: data.len(),
        most_values: data.iter().map(|datum| counts(datum).len()).max().unwrap(),
        bytes: plain.len(),
        names: data
            .iter()
            .map(|d| get(d, "MetricName").as_text().unwrap().to_owned())
            .collect(),
    }
}

fn get<'a>(map: &'a Value, key: &str) -> &'a Value {
    let found = map
        .as_map()
        .unwrap()
        .iter()
        .find(|(name, _)| name.as_text() == Some(key));
    &found.unwrap_or_else(|| panic!("no {key} in {map:?}")).1
}

fn number(value: &Value) -> f64 {
    value
        .as_float()
        .unwrap_or_else(|| i128::from(value.as_integer().unwrap()) as f64)
}
