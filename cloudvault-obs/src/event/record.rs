//! One record of a batch: whose it is, how it is named, what it carries.

use super::{
    Source,
    envelope::{self, Held},
    found::{Found, Origin, Place, clues},
    scan::{Cursor, Malformed},
};

/// What one record says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) found: Found,
    pub(crate) source: Source,
    /// What a partial-failure report calls it.
    pub(crate) item: Option<String>,
    /// SQS's message group. A standard queue can have groups, too.
    pub(crate) group: Option<String>,
    /// Whether the queue keeps the order within a group.
    pub(crate) fifo: bool,
}

/// How far a record is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Until its id is certain.
    Id,
    /// To its end.
    End,
}

/// Reads the record in `json`.
pub(crate) fn read(json: &[u8]) -> Record {
    let mut record = Record::default();
    // What stood before a fault in the JSON is still good.
    let _ = walk(&mut Cursor::new(json), Until::End, 0, &mut record);
    record
}

/// Reads a record whose body or data is at hand as bytes, beside the JSON of the
/// rest.
#[cfg(feature = "events")]
pub(crate) fn read_apart(json: &[u8], body: Option<&[u8]>) -> Record {
    let mut record = Record::default();
    let mut parts = Parts {
        body: body.map(Held::Bytes),
        ..Parts::default()
    };
    let cursor = &mut Cursor::new(json);
    let _ = walk_parts(cursor, &mut parts, (&mut record, Until::End, 0));
    record
}

/// The parts of a record that are read last: others may make them needless.
#[derive(Default)]
struct Parts<'a> {
    body: Option<Held<'a>>,
    data: Option<Held<'a>>,
    message: Option<String>,
}

pub(super) fn walk(
    cursor: &mut Cursor<'_>,
    until: Until,
    nesting: u8,
    record: &mut Record,
) -> Result<(), Malformed> {
    walk_parts(cursor, &mut Parts::default(), (record, until, nesting))
}

fn walk_parts<'a>(
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    (record, until, nesting): (&mut Record, Until, u8),
) -> Result<(), Malformed> {
    let ended = cursor.object(|key, cursor| {
        if key == "kinesis" {
            kinesis(cursor, parts, (record, until, nesting))?;
        } else {
            member(key, cursor, parts, (record, nesting))?;
        }
        Ok(until == Until::End || !record.found.is_explicit())
    });
    if !record.found.is_explicit() {
        for held in [parts.body, parts.data].into_iter().flatten() {
            record.found.absorb(envelope::held(held, nesting));
        }
    }
    record
        .found
        .offer(Origin::Message, parts.message.as_deref());
    ended
}

fn member<'a>(
    key: &str,
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    (record, nesting): (&mut Record, u8),
) -> Result<(), Malformed> {
    match key {
        "messageAttributes" | "MessageAttributes" => {
            clues(cursor, Place::Attributes, &mut record.found)
        }
        "attributes" => sqs_attributes(cursor, record),
        "body" | "Body" => cursor
            .raw_text()
            .map(|body| parts.body = body.map(Held::Text)),
        "messageId" | "MessageId" => {
            let id = cursor.text()?;
            parts.message = id.as_deref().map(str::to_owned);
            record.item = parts.message.clone();
            Ok(())
        }
        "eventID" | "recordId" | "eventId" => {
            parts.message = cursor.text()?.map(Into::into);
            if key == "recordId" {
                record.item = parts.message.clone();
            }
            Ok(())
        }
        "eventSource" | "EventSource" => {
            if let Some(text) = cursor.text()? {
                record.source = Source::of_record(&text);
            }
            Ok(())
        }
        "eventSourceARN" => {
            record.fifo = cursor.text()?.is_some_and(|arn| arn.ends_with(".fifo"));
            Ok(())
        }
        "responseElements" => envelope::ids(cursor, &mut record.found),
        "Sns" => sns(cursor, parts, &mut record.found),
        "dynamodb" => dynamodb(cursor, record, nesting),
        "ses" => cursor.object(|key, cursor| match key {
            "mail" => mail(cursor, &mut record.found).map(|()| true),
            _ => cursor.skip().map(|()| true),
        }),
        "headers" | "basicProperties" | "properties" => headers(cursor, record),
        "correlationID" => {
            let text = cursor.text()?;
            record.found.offer(Origin::Attribute, text.as_deref());
            Ok(())
        }
        // Firehose and brokers; Kafka says `value`.
        "data" | "value" => cursor
            .raw_text()
            .map(|data| parts.data = data.map(Held::Base64)),
        "messageID" => cursor.text().map(|id| parts.message = id.map(Into::into)),
        // DocumentDB.
        "event" => document_change(cursor, record, nesting),
        _ => cursor.skip(),
    }
}

/// A broker's headers stand among its other properties.
fn headers(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Malformed> {
    let mut around = cursor.clone();
    clues(cursor, Place::Attributes, &mut record.found)?;
    if around.peek() == Some(b'{') {
        around.object(|key, cursor| match key {
            "headers" => clues(cursor, Place::Attributes, &mut record.found).map(|()| true),
            _ => cursor.skip().map(|()| true),
        })?;
    }
    Ok(())
}

fn sqs_attributes(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Malformed> {
    let mut again = cursor.clone();
    clues(cursor, Place::System, &mut record.found)?;
    again.object(|key, cursor| {
        if key == "MessageGroupId" {
            record.group = cursor.text()?.map(Into::into);
        } else {
            cursor.skip()?;
        }
        Ok(true)
    })
}

fn sns<'a>(
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    found: &mut Found,
) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "MessageAttributes" => clues(cursor, Place::Attributes, found)?,
            "Message" => parts.body = cursor.raw_text()?.map(Held::Text),
            "MessageId" => parts.message = cursor.text()?.map(Into::into),
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}

/// A record's data may be megabytes, and nothing else in it says whose it is.
fn kinesis<'a>(
    cursor: &mut Cursor<'a>,
    parts: &mut Parts<'a>,
    (record, until, nesting): (&mut Record, Until, u8),
) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "data" => {
                let glance = (until == Until::Id).then(|| envelope::glance(cursor, nesting));
                if let Some(found) = glance.flatten() {
                    record.found.absorb(found);
                    return Ok(false);
                }
                parts.data = cursor.raw_text()?.map(Held::Base64);
            }
            "sequenceNumber" => record.item = cursor.text()?.map(Into::into),
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}

/// A removed item's context is in its old image only.
fn dynamodb(cursor: &mut Cursor<'_>, record: &mut Record, nesting: u8) -> Result<(), Malformed> {
    let mut old = Found::default();
    cursor.object(|key, cursor| {
        match key {
            "NewImage" => envelope::context_in(cursor, Until::End, (&mut record.found, nesting))?,
            "OldImage" => envelope::context_in(cursor, Until::End, (&mut old, nesting))?,
            "SequenceNumber" => record.item = cursor.text()?.map(Into::into),
            _ => cursor.skip()?,
        }
        Ok(true)
    })?;
    if !record.found.is_explicit() {
        record.found.absorb(old);
    }
    Ok(())
}

fn mail(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "headers" => clues(cursor, Place::Headers, found)?,
            "messageId" => {
                let text = cursor.text()?;
                found.offer(Origin::AwsRequest, text.as_deref());
            }
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}

fn document_change(
    cursor: &mut Cursor<'_>,
    record: &mut Record,
    nesting: u8,
) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "fullDocument" => {
                envelope::context_in(cursor, Until::End, (&mut record.found, nesting))?;
            }
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}
