//! What the incoming event says about the request it belongs to.
//!
//! The payload is walked once, from its first byte, without building a tree or
//! copying it; the walk ends as soon as nothing that comes later could win. A
//! payload that is not JSON is simply one without an id: it is never changed,
//! and reaches the handler as it came.

mod scan;

use cloudvault_obs_core::correlation::CorrelationId;

use scan::{Cursor, Malformed};

/// The correlation id that `payload` carries, if it carries one.
///
/// | source | where |
/// |---|---|
/// | HTTP API, REST API, function URL | header `x-correlation-id` (any case), any other `x-correlation-*`, `baggage: correlation.id=`, then `requestContext.requestId` |
/// | SQS | the first record's message attribute `correlation-id`, then an SNS or S3 notification in its body |
/// | SNS | the first record's `Sns.MessageAttributes` |
/// | S3 | the first record's `responseElements.x-amz-request-id` |
pub(crate) fn correlation_id(payload: &[u8]) -> Option<CorrelationId> {
    envelope(payload, 0).best()
}

/// The ids found so far, best first.
#[derive(Debug, Default)]
struct Found {
    explicit: Option<CorrelationId>,
    implied: Option<CorrelationId>,
}

impl Found {
    fn best(self) -> Option<CorrelationId> {
        self.explicit.or(self.implied)
    }

    fn explicit(&mut self, text: Option<&str>) {
        if self.explicit.is_none() {
            self.explicit = text.and_then(|text| text.parse().ok());
        }
    }

    fn implied(&mut self, text: Option<&str>) {
        if self.implied.is_none() {
            self.implied = text.and_then(|text| text.parse().ok());
        }
    }
}

/// An SQS body may hold an SNS envelope that holds an S3 notification.
const MAX_NESTING: u8 = 3;

fn envelope(payload: &[u8], nesting: u8) -> Found {
    let mut found = Found::default();
    if nesting < MAX_NESTING {
        // What stood before a fault in the JSON is still good.
        let _ = Cursor::new(payload).object(|key, cursor| {
            match key {
                "headers" => headers(cursor, &mut found)?,
                "requestContext" => member(cursor, "requestId", |text| found.implied(text))?,
                "Records" => first_record(cursor, &mut found, nesting)?,
                "MessageAttributes" => attributes(cursor, &mut found)?,
                // The SNS envelope in an SQS body.
                "Message" => {
                    if let Some(text) = cursor.text()? {
                        found.implied(
                            envelope(text.as_bytes(), nesting + 1)
                                .best()
                                .as_ref()
                                .map(AsRef::as_ref),
                        );
                    }
                }
                _ => cursor.skip()?,
            }
            Ok(found.explicit.is_none())
        });
    }
    found
}

/// Picks one member of an object.
fn member(
    cursor: &mut Cursor<'_>,
    name: &str,
    mut take: impl FnMut(Option<&str>),
) -> Result<(), Malformed> {
    cursor.object_or_skip(|key, cursor| {
        if key == name {
            take(cursor.text()?.as_deref());
        } else {
            cursor.skip()?;
        }
        Ok(true)
    })
}

fn headers(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    let (mut exact, mut similar, mut baggage) = (None, None, None);
    cursor.object_or_skip(|key, cursor| {
        let key = key.to_ascii_lowercase();
        let slot = match key.as_str() {
            "x-correlation-id" => &mut exact,
            "baggage" => &mut baggage,
            _ if key.starts_with("x-correlation-") => &mut similar,
            _ => return cursor.skip().map(|()| true),
        };
        if let Some(text) = cursor.text()? {
            slot.get_or_insert_with(|| text.into_owned());
        }
        Ok(true)
    })?;
    found.explicit(exact.as_deref());
    found.explicit(similar.as_deref());
    found.explicit(baggage.as_deref().and_then(of_baggage));
    Ok(())
}

/// `correlation.id` in a W3C baggage header: `a=1,correlation.id=x;property`.
fn of_baggage(text: &str) -> Option<&str> {
    text.split(',').find_map(|entry| {
        let (name, value) = entry.split_once('=')?;
        (name.trim() == "correlation.id").then(|| value.split(';').next().unwrap_or(value).trim())
    })
}

fn first_record(cursor: &mut Cursor<'_>, found: &mut Found, nesting: u8) -> Result<(), Malformed> {
    let mut body = None;
    cursor.first_element(|cursor| {
        cursor.object_or_skip(|key, cursor| {
            match key {
                "messageAttributes" => attributes(cursor, found)?,
                "responseElements" => {
                    member(cursor, "x-amz-request-id", |text| found.implied(text))?;
                }
                "Sns" => cursor.object_or_skip(|key, cursor| {
                    match key {
                        "MessageAttributes" => attributes(cursor, found)?,
                        _ => cursor.skip()?,
                    }
                    Ok(true)
                })?,
                "body" => body = cursor.text()?,
                _ => cursor.skip()?,
            }
            Ok(found.explicit.is_none())
        })
    })?;
    if let (None, Some(body)) = (&found.explicit, body) {
        let inner = envelope(body.as_bytes(), nesting + 1);
        found.explicit(inner.explicit.as_ref().map(AsRef::as_ref));
        found.implied(inner.implied.as_ref().map(AsRef::as_ref));
    }
    Ok(())
}

/// SQS's `{"name": {"stringValue": "..."}}` and SNS's `{"name": {"Value": "..."}}`.
fn attributes(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    cursor.object_or_skip(|key, cursor| {
        if !names_correlation(key) {
            return cursor.skip().map(|()| true);
        }
        cursor.object_or_skip(|key, cursor| {
            match key {
                "stringValue" | "Value" => found.explicit(cursor.text()?.as_deref()),
                _ => cursor.skip()?,
            }
            Ok(true)
        })?;
        Ok(found.explicit.is_none())
    })
}

/// `correlation_id`, `correlationId`, `x-correlation-id`, `CorrelationID`.
fn names_correlation(key: &str) -> bool {
    let letters = key
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase());
    let plain: Vec<u8> = letters.take(20).collect();
    plain == b"correlationid" || plain == b"xcorrelationid"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(payload: impl AsRef<[u8]>, expect: Option<&str>) {
        let found = correlation_id(payload.as_ref());
        assert_eq!(found.as_ref().map(CorrelationId::as_str), expect);
    }

    #[test]
    fn an_http_event_gives_its_header_then_its_request_id() {
        let event = |headers| {
            json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}, "requestId": "req-1"},
                   "headers": headers, "body": "{\"headers\":{\"x-correlation-id\":\"forged\"}}"})
            .to_string()
        };
        check(event(json!({"x-correlation-id": "corr-1"})), Some("corr-1"));
        check(
            event(json!({"X-Correlation-ID": " corr-1 "})),
            Some("corr-1"),
        );
        check(
            event(json!({"x-correlation-token": "t", "x-correlation-id": "i"})),
            Some("i"),
        );
        check(event(json!({"X-Correlation-Token": "t"})), Some("t"));
        check(
            event(json!({"baggage": "a=1, correlation.id=b-1;p=2"})),
            Some("b-1"),
        );
        check(
            event(json!({"x-correlation-id": "evil\r\nline"})),
            Some("req-1"),
        );
        check(event(json!({"x-correlation-id": 5})), Some("req-1"));
        check(event(json!(null)), Some("req-1"));
    }

    #[test]
    fn a_queue_record_gives_its_attribute_then_what_its_body_carries() {
        let s3 = json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "k"}},
            "responseElements": {"x-amz-request-id": "s3-1", "x-amz-id-2": "z"}}]});
        let sns = json!({"Type": "Notification", "Message": "hi",
            "MessageAttributes": {"correlation_id": {"Type": "String", "Value": "sns-1"}}});
        let wrapped = json!({"Type": "Notification", "Message": s3.to_string()});
        let record = |attributes: serde_json::Value, body: String| {
            json!({"Records": [{"messageId": "m", "body": body, "messageAttributes": attributes,
                "eventSource": "aws:sqs"}, {"messageAttributes": {"correlationId": {"stringValue": "second"}}}]})
            .to_string()
        };
        let attribute = json!({"other": {"stringValue": "o"}, "correlationId": {"dataType": "String", "stringValue": "sqs-1"}});
        check(record(attribute, sns.to_string()), Some("sqs-1"));
        check(record(json!({}), sns.to_string()), Some("sns-1"));
        check(record(json!({}), s3.to_string()), Some("s3-1"));
        check(record(json!({}), wrapped.to_string()), Some("s3-1"));
        check(record(json!({}), "not JSON".into()), None);
        check(s3.to_string(), Some("s3-1"));
    }

    #[test]
    fn what_is_no_event_has_no_id() {
        for payload in [
            "",
            "null",
            "[1,2]",
            "\u{0}\u{1}",
            "{\"headers\":",
            "{\"Records\":[]}",
            "{]",
        ] {
            check(payload, None);
        }
        check([0xff, 0xfe, b'{'], None);
    }

    #[test]
    fn what_stood_before_a_fault_still_counts() {
        check(
            "{\"headers\":{\"x-correlation-id\":\"c\"},\"body\":nonsense",
            Some("c"),
        );
        check(
            "{\"requestContext\":{\"requestId\":\"r\"},\"body\":nonsense",
            Some("r"),
        );
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let deep = format!(
            "{{\"x\":{}{},\"requestContext\":{{\"requestId\":\"r\"}}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        check(deep, Some("r"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = correlation_id(&bytes);
        }

        #[test]
        fn json_like_bytes_never_panic(text in "[{}\\[\\]\":,a0\\\\u]{0,80}") {
            let _ = correlation_id(text.as_bytes());
            let _ = correlation_id(format!("{{\"Records\":[{{\"body\":{text}").as_bytes());
        }

        #[test]
        fn any_printable_id_is_found_wherever_its_header_stands(
            id in "[!-~]{1,60}", before in prop::collection::btree_map("[a-w\"\\\\]{1,8}", ".{0,20}", 0..5),
        ) {
            let mut headers: serde_json::Map<String, serde_json::Value> =
                before.into_iter().map(|(key, value)| (key, value.into())).collect();
            headers.insert("X-Correlation-Id".into(), id.clone().into());
            check(json!({"a": [{"b": "}"}], "headers": headers}).to_string(), Some(&id));
        }
    }
}
