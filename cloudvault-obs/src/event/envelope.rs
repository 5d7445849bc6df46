//! A whole event, or an event that another one carries as text.

use std::borrow::Cow;

use base64::Engine as _;

use super::{
    Source,
    found::{Found, Origin, Place, clues},
    names::Name,
    record::{self, Record, Until},
    scan::{Cursor, Malformed, Raw, Walk},
};

/// An SQS body may hold an SNS envelope that holds an S3 notification, and a
/// DynamoDB map another map.
const MAX_NESTING: u8 = 4;

/// Text inside an event is decoded this far at first: ids stand near the front,
/// and the rest may be a megabyte.
const FIRST_LOOK: usize = 4096;

/// An event inside an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held<'a> {
    /// As a string of JSON.
    Text(Raw<'a>),
    /// As JSON in base64.
    Base64(Raw<'a>),
    /// As JSON that somebody has decoded.
    #[cfg(feature = "events")]
    Bytes(&'a [u8]),
}

/// What stands on the way, to be looked at in the end.
#[derive(Default)]
struct Aside<'a> {
    message: Option<Raw<'a>>,
    message_id: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    eventbridge: bool,
    headers: bool,
}

/// Without the byte order mark that some senders begin their JSON with.
fn unmarked(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// Reads the event in `json`, as far as is needed.
pub(super) fn read(json: &[u8], nesting: u8) -> Found {
    let mut found = Found::default();
    if nesting >= MAX_NESTING {
        return found;
    }
    let mut cursor = Cursor::new(unmarked(json));
    let mut aside = Aside::default();
    // What stood before a fault in the JSON is still good.
    let _ = if cursor.peek() == Some(b'[') {
        // AppSync's batch resolvers, and the records of EventBridge's pipes.
        cursor.array(|cursor| {
            let mut record = Record::default();
            let _ = record::walk(&mut cursor.clone(), Until::End, nesting, &mut record);
            if record.source == Source::Direct {
                object(cursor, &mut aside, (&mut found, nesting))?;
            } else {
                found.absorb(record.found);
            }
            Ok(false)
        })
    } else {
        object(&mut cursor, &mut aside, (&mut found, nesting))
    };
    if let (false, Some(message)) = (found.is_explicit(), aside.message) {
        found.absorb(held(Held::Text(message), nesting));
    }
    if aside.eventbridge {
        found.offer(Origin::AwsRequest, aside.id.as_deref());
    }
    found.offer(Origin::Message, aside.message_id.as_deref());
    found
}

fn object<'a>(
    cursor: &mut Cursor<'a>,
    aside: &mut Aside<'a>,
    (found, nesting): (&mut Found, u8),
) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        let more = member(key, cursor, aside, (found, nesting))?;
        // With the headers read, no better id than the service's own can come.
        let settled = found.is_explicit() || (aside.headers && found.is_from_aws());
        Ok(more && !settled)
    })
}

fn member<'a>(
    key: &str,
    cursor: &mut Cursor<'a>,
    aside: &mut Aside<'a>,
    (found, nesting): (&mut Found, u8),
) -> Walk {
    match key {
        "headers" | "multiValueHeaders" => {
            aside.headers |= cursor.peek() == Some(b'{');
            clues(cursor, Place::Headers, found)?;
        }
        "requestContext" | "connectionMetadata" | "CodePipeline.job" => ids(cursor, found)?,
        "request" | "userRequest" | "protocolData" | "Details" => inner(cursor, found)?,
        "Records" | "records" | "rmqMessagesByQueue" => {
            return first_record(cursor, found, nesting);
        }
        // Names that a user's own payload may have as well: something better may
        // stand behind them.
        "Messages" | "messages" | "events" => {
            first_record(&mut cursor.clone(), found, nesting)?;
            cursor.skip()?;
        }
        "__context__" => context(cursor, found, nesting)?,
        // The scheduler's detail is text.
        "detail" if cursor.peek() == Some(b'"') => aside.message = cursor.raw_text()?,
        "detail" => context_in(cursor, Until::Id, (found, nesting))?,
        "detail-type" => {
            aside.eventbridge = true;
            cursor.skip()?;
        }
        "id" => aside.id = cursor.text()?,
        "xAmzRequestId" | "RequestId" | "invocationId" => {
            let text = cursor.text()?;
            found.offer(Origin::AwsRequest, text.as_deref());
        }
        // An SNS envelope in an SQS body.
        "MessageAttributes" => clues(cursor, Place::Attributes, found)?,
        "Message" => aside.message = cursor.raw_text()?,
        "MessageId" => aside.message_id = cursor.text()?,
        "sessionAttributes" => clues(cursor, Place::Attributes, found)?,
        key if matches!(Name::of(key), Name::Exact | Name::Plain) => {
            let text = cursor.text()?;
            found.offer(Origin::Member, text.as_deref());
        }
        _ => cursor.skip()?,
    }
    Ok(true)
}

/// Ids that services give, under the names they give them.
pub(super) fn ids(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        if matches!(key, "requestId" | "x-amz-request-id" | "id" | "ContactId") {
            let text = cursor.text()?;
            found.offer(Origin::AwsRequest, text.as_deref());
        } else {
            cursor.skip()?;
        }
        Ok(true)
    })
}

/// The request that a service describes: AppSync, Cognito, S3 Object Lambda,
/// IoT's authorizer, Connect.
fn inner(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "headers" => clues(cursor, Place::Headers, found)?,
            "clientMetadata" | "Parameters" => clues(cursor, Place::Attributes, found)?,
            "requestId" => {
                let text = cursor.text()?;
                found.offer(Origin::AwsRequest, text.as_deref());
            }
            "http" => cursor.object(|key, cursor| {
                match key {
                    "headers" => clues(cursor, Place::Headers, found)?,
                    _ => cursor.skip()?,
                }
                Ok(true)
            })?,
            "ContactData" => contact(cursor, found)?,
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}

fn contact(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "Attributes" => clues(cursor, Place::Attributes, found)?,
            "ContactId" => {
                let text = cursor.text()?;
                found.offer(Origin::AwsRequest, text.as_deref());
            }
            _ => cursor.skip()?,
        }
        Ok(true)
    })
}

/// The first record of an array, or of the first array in an object (Kafka's
/// partitions, RabbitMQ's queues). Whoever asks for it wants nothing behind it.
fn first_record(cursor: &mut Cursor<'_>, found: &mut Found, nesting: u8) -> Walk {
    let mut record = Record::default();
    let mut first = |cursor: &mut Cursor<'_>| {
        record::walk(cursor, Until::Id, nesting, &mut record)?;
        Ok(false)
    };
    let ended = match cursor.peek() {
        Some(b'{') => cursor.object(|_, cursor| {
            // A partition may be empty.
            let mut any = false;
            cursor.array(|cursor| {
                any = true;
                first(cursor)
            })?;
            Ok(!any)
        }),
        Some(b'[') => cursor.array(first),
        // Somebody's own member of this name.
        _ => return cursor.skip().map(|()| true),
    };
    found.absorb(record.found);
    ended.map(|()| false)
}

/// An object whose member `__context__` says whose it is.
pub(super) fn context_in(
    cursor: &mut Cursor<'_>,
    until: Until,
    (found, nesting): (&mut Found, u8),
) -> Result<(), Malformed> {
    cursor.object(|key, cursor| {
        match key {
            "__context__" => context(cursor, found, nesting)?,
            _ => cursor.skip()?,
        }
        Ok(until == Until::End || !found.is_explicit())
    })
}

/// `__context__`: an object of headers, the same as a DynamoDB map, its JSON as
/// a string, or the bare id.
fn context(cursor: &mut Cursor<'_>, found: &mut Found, nesting: u8) -> Result<(), Malformed> {
    if nesting >= MAX_NESTING {
        return cursor.skip();
    }
    let mut again = cursor.clone();
    match cursor.peek() {
        Some(b'"') => {
            let Some(text) = cursor.text()? else {
                return Ok(());
            };
            if text.trim_start().starts_with('{') {
                context(&mut Cursor::new(text.as_bytes()), found, nesting + 1)
            } else {
                found.offer(Origin::Context, Some(&text));
                Ok(())
            }
        }
        _ => {
            clues(cursor, Place::Context, found)?;
            again.object(|key, cursor| {
                match key {
                    "M" | "S" => context(cursor, found, nesting + 1)?,
                    _ => cursor.skip()?,
                }
                Ok(true)
            })
        }
    }
}

/// The explicit id in the first bytes of the base64 that comes next, where there
/// is more of it. Nothing is consumed.
pub(super) fn glance(cursor: &mut Cursor<'_>, nesting: u8) -> Option<Found> {
    let front = cursor.front(FIRST_LOOK)?;
    let found = read(&Held::Base64(front).decode(FIRST_LOOK).0, nesting + 1);
    found.is_explicit().then_some(found)
}

/// Reads an event that stands inside another as text: its beginning first, and
/// the whole only where that does not say enough.
pub(super) fn held(held: Held<'_>, nesting: u8) -> Found {
    let (text, whole) = held.decode(FIRST_LOOK);
    if !unmarked(&text).trim_ascii_start().starts_with(b"{") {
        return Found::default();
    }
    let found = read(&text, nesting + 1);
    if whole || found.is_explicit() {
        return found;
    }
    read(&held.decode(usize::MAX).0, nesting + 1)
}

impl Held<'_> {
    fn decode(&self, limit: usize) -> (Cow<'_, [u8]>, bool) {
        match self {
            #[cfg(feature = "events")]
            Self::Bytes(bytes) => (Cow::Borrowed(bytes), true),
            Self::Text(raw) if raw.bytes.len() <= limit && !raw.is_escaped() => {
                (Cow::Borrowed(raw.bytes), true)
            }
            Self::Text(raw) => {
                let (text, whole) = raw.decode(limit);
                (Cow::Owned(text.into_bytes()), whole)
            }
            Self::Base64(raw) => {
                let decoded;
                // Some encoders write `\/`.
                let text = if raw.first(limit).is_escaped() {
                    decoded = raw.decode(usize::MAX).0;
                    decoded.as_bytes()
                } else {
                    raw.bytes
                };
                // Four characters are three bytes.
                let taken = text.len().min(limit / 4 * 4);
                let bytes = base64::engine::general_purpose::STANDARD.decode(&text[..taken]);
                (Cow::Owned(bytes.unwrap_or_default()), taken == text.len())
            }
        }
    }
}
