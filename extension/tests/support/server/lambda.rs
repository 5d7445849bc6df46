//! The Extensions and Telemetry APIs, and what Lambda tells the extension by them.

use super::{
    Fake, Reply, Seen, State,
    http::{Headers, post},
};

impl Fake {
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

    pub(super) fn register(&self, headers: &Headers, body: &[u8]) -> Reply {
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

    pub(super) fn subscribe(&self, body: &[u8]) -> Reply {
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

    pub(super) fn next(&self, identifier: &str) -> Option<Reply> {
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
}
