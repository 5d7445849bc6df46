//! PutTraceSegments over REST JSON.

use super::{Fake, Reply, Seen, State, http::Headers};

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

impl Fake {
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

    pub(super) fn trace_segments(&self, headers: &Headers, body: &[u8]) -> Option<Reply> {
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
}
