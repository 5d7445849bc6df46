//! Telemetry records, read leniently: one that is unknown or odd costs itself,
//! never the batch that it came in.

use serde_json::Value;

/// What the extension acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `platform.runtimeDone` (on Managed Instances `platform.report` stands in
    /// for it): the runtime has finished an invocation, well or not.
    RuntimeDone {
        /// The invocation's request id.
        request_id: String,
    },
    /// `platform.logsDropped`: Lambda could not deliver some records.
    LogsDropped {
        /// How many.
        records: u64,
    },
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// The events, in their order.
    pub events: Vec<Event>,
    /// Records of kinds that nothing here acts on.
    pub other: u64,
    /// Records, or whole bodies, that cannot be read.
    pub malformed: u64,
}

/// Reads the body of one delivery.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let Ok(Value::Array(records)) = serde_json::from_slice(body) else {
        parsed.malformed = 1;
        return parsed;
    };
    for record in &records {
        match read(record) {
            Some(Some(event)) => parsed.events.push(event),
            Some(None) => parsed.other += 1,
            None => parsed.malformed += 1,
        }
    }
    parsed
}

fn read(record: &Value) -> Option<Option<Event>> {
    let kind = record.get("type")?.as_str()?;
    let content = record.get("record");
    Some(match kind {
        "platform.runtimeDone" | "platform.report" => {
            let request_id = content?.get("requestId")?.as_str()?.to_owned();
            Some(Event::RuntimeDone { request_id })
        }
        "platform.logsDropped" => Some(Event::LogsDropped {
            records: content?.get("droppedRecords")?.as_u64()?,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, events: &[Event], other: u64, malformed: u64) {
        assert_eq!(
            parse(body.as_bytes()),
            Parsed {
                events: events.to_vec(),
                other,
                malformed
            },
            "{body}"
        );
    }

    fn done(id: &str) -> Event {
        Event::RuntimeDone {
            request_id: id.into(),
        }
    }

    #[test]
    fn records_are_read_one_by_one() {
        check("[]", &[], 0, 0);
        check("", &[], 0, 1);
        check("{}", &[], 0, 1);
        check(
            r#"[{"time":"2026-11-23T03:31:00.767Z","type":"platform.runtimeDone","record":{"requestId":"a","status":"success","metrics":null}},
               {"type":"function","record":"text"}, 7, {"type":"platform.runtimeDone","record":"odd"},
               {"type":"platform.invented","record":{"x":[1]}},
               {"type":"platform.logsDropped","record":{"reason":"x","droppedRecords":3,"droppedBytes":9}},
               {"type":"platform.runtimeDone","record":{"requestId":"b","status":"timeout"}}]"#,
            &[done("a"), Event::LogsDropped { records: 3 }, done("b")],
            2,
            2,
        );
    }

    /// As AWS's Runtime Interface Emulator delivers them in Managed-Instances mode.
    #[test]
    fn deliveries_of_the_emulator_are_understood() {
        check(
            r#"[{"time": "2026-11-23T03:31:00.755Z", "type": "platform.start", "record": {"requestId": "78b1", "version": "$LATEST", "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:fn", "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}}},
               {"time": "2026-11-23T03:31:00.767Z", "type": "platform.report", "record": {"requestId": "78b1", "status": "success", "metrics": {"durationMs": 11.922}, "spans": [{"name": "responseLatency", "start": "2026-11-23T03:31:00.755Z", "durationMs": 11.759}]}}]"#,
            &[done("78b1")],
            1,
            0,
        );
    }
}
