//! PutMetricData over rpc-v2-cbor.

use std::io::Read;

use ciborium::Value;

use super::{
    Fake, Reply, Seen,
    http::{DRIP, Headers},
};

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

impl Fake {
    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.lock().answers.extend(answers);
    }

    pub(crate) fn answer_always(&self, answer: Answer) {
        self.lock().otherwise = Some(answer);
    }

    pub(crate) fn puts(&self) -> Vec<Request> {
        let put = |seen| match seen {
            Seen::Put(request) => Some(request),
            _ => None,
        };
        self.seen().into_iter().filter_map(put).collect()
    }

    pub(super) fn put(&self, headers: &Headers, body: Vec<u8>) -> Option<Reply> {
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

fn decode(headers: &Headers, body: &[u8]) -> Request {
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
