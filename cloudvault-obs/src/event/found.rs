//! The best id found so far, and the places in which ids stand.

use std::{borrow::Cow, fmt};

use cloudvault_obs_core::{correlation::CorrelationId, lineage::Lineage, trace::TraceHeader};

use super::{
    names::{Name, of_baggage},
    scan::{Cursor, Malformed},
};

/// Where in an event an id was found. The smaller one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The header `x-correlation-id`, in any case.
    Header,
    /// Another header `x-correlation-*`, or `correlation-id`.
    OtherHeader,
    /// The W3C header `baggage`, member `correlation.id`.
    Baggage,
    /// A message attribute, a record header of Kafka, a property of a broker's
    /// message, Cognito's client metadata.
    Attribute,
    /// `__context__` in a payload, a stream record's data, an EventBridge
    /// detail or a DynamoDB item.
    Context,
    /// A member `correlationId` of the payload itself.
    Member,
    /// The id that an AWS service gave the request.
    AwsRequest,
    /// The root of the header `X-Amzn-Trace-Id`, where a load balancer writes it.
    Trace,
    /// The id of the message or record.
    Message,
}

impl Origin {
    /// A short lower-case name, e.g. `header` or `aws request id`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::OtherHeader => "other header",
            Self::Baggage => "baggage",
            Self::Attribute => "attribute",
            Self::Context => "__context__",
            Self::Member => "member",
            Self::AwsRequest => "aws request id",
            Self::Trace => "trace id",
            Self::Message => "message id",
        }
    }

    /// Whether somebody put the id there on purpose.
    fn is_explicit(self) -> bool {
        self <= Self::Member
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an event or record says about the request it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    best: Option<(Origin, CorrelationId)>,
    /// The sender's trace.
    pub(crate) trace: Option<TraceHeader>,
    /// Whether the sender wrote its debug lines, where it said so.
    pub(crate) debug: Option<bool>,
    /// The functions that the request has passed.
    pub(crate) lineage: Option<Lineage>,
}

impl Found {
    pub(crate) fn best(&self) -> Option<&(Origin, CorrelationId)> {
        self.best.as_ref()
    }

    pub(crate) fn into_id(self) -> Option<CorrelationId> {
        self.best.map(|(_, id)| id)
    }

    /// Nothing that is not looked at yet could win.
    pub(super) fn is_explicit(&self) -> bool {
        self.best
            .as_ref()
            .is_some_and(|(origin, _)| origin.is_explicit())
    }

    /// Nothing but an id that somebody put there on purpose could win.
    pub(super) fn is_from_aws(&self) -> bool {
        self.best
            .as_ref()
            .is_some_and(|(origin, _)| *origin <= Origin::AwsRequest)
    }

    /// Takes `text` when it is an id and nothing as good is there.
    pub(super) fn offer(&mut self, origin: Origin, text: Option<&str>) {
        let better = self.best.as_ref().is_none_or(|(best, _)| origin < *best);
        if let (true, Some(Ok(id))) = (better, text.map(str::parse)) {
            self.best = Some((origin, id));
        }
    }

    fn passed(&mut self, text: &str) {
        if self.lineage.is_none() {
            self.lineage = text.parse().ok();
        }
    }

    /// Takes over what an event inside this one says.
    pub(super) fn absorb(&mut self, inner: Self) {
        if let Some((origin, id)) = inner.best
            && self.best.as_ref().is_none_or(|(best, _)| origin < *best)
        {
            self.best = Some((origin, id));
        }
        self.trace = self.trace.take().or(inner.trace);
        self.debug = self.debug.or(inner.debug);
        self.lineage = self.lineage.take().or(inner.lineage);
    }
}

/// What a map of names to values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Headers,
    Attributes,
    Context,
    /// What SQS itself says about a message.
    System,
}

/// The ids in one map, whatever the order of its members.
#[derive(Debug, Default)]
struct Clues {
    exact: Option<String>,
    plain: Option<String>,
    similar: Option<String>,
    baggage: Option<String>,
    traceparent: Option<String>,
}

impl Clues {
    /// Reads one member's value when its name says that it is of use.
    fn member(
        &mut self,
        (name, place): (Name, Place),
        cursor: &mut Cursor<'_>,
        found: &mut Found,
    ) -> Result<(), Malformed> {
        if name == Name::Other || (place == Place::System && name != Name::Trace) {
            return cursor.skip();
        }
        let Some(text) = value(cursor, name)? else {
            return Ok(());
        };
        match name {
            Name::Exact => keep(&mut self.exact, text),
            Name::Plain => keep(&mut self.plain, text),
            Name::Similar => keep(&mut self.similar, text),
            Name::Baggage => join(&mut self.baggage, &text),
            Name::TraceParent => keep(&mut self.traceparent, text),
            Name::Debug => {
                let said = match &*text {
                    "true" | "1" => Some(true),
                    "false" | "0" => Some(false),
                    _ => None,
                };
                found.debug = found.debug.or(said);
            }
            Name::Trace => trace(&text, place, found),
            Name::Lineage => found.passed(&text),
            Name::Other => {}
        }
        Ok(())
    }

    fn settle(self, place: Place, found: &mut Found) {
        let origins = match place {
            Place::Headers => [Origin::Header, Origin::OtherHeader, Origin::Baggage],
            Place::Context => [Origin::Context; 3],
            Place::Attributes | Place::System => [Origin::Attribute; 3],
        };
        found.offer(origins[0], self.exact.as_deref());
        found.offer(origins[1], self.plain.as_deref());
        found.offer(origins[1], self.similar.as_deref());
        if let (None, Some(text)) = (&found.trace, &self.traceparent) {
            found.trace = TraceHeader::from_traceparent(text).ok();
        }
        if let Some(baggage) = self.baggage {
            let member = |wanted| of_baggage(&baggage, wanted);
            found.offer(origins[2], member("correlation.id").as_deref());
            if let Some(text) = member("correlation.lineage") {
                found.passed(&text);
            }
        }
    }
}

/// The first value counts, unless it says nothing.
fn keep(slot: &mut Option<String>, text: Cow<'_, str>) {
    if slot.as_ref().is_none_or(|kept| kept.trim().is_empty()) {
        *slot = Some(text.into_owned());
    }
}

/// Headers of one name are one list: we ourselves add a second `baggage`.
fn join(slot: &mut Option<String>, text: &str) {
    match slot {
        Some(list) => {
            list.push(',');
            list.push_str(text);
        }
        None => *slot = Some(text.to_owned()),
    }
}

/// Only a load balancer's header is an id of last resort: in the other places
/// it is the trace that Lambda's own header continues, or a link.
fn trace(text: &str, place: Place, found: &mut Found) {
    let Ok(header) = text.parse::<TraceHeader>() else {
        return;
    };
    if place == Place::Headers {
        found.offer(Origin::Trace, Some(&header.root.to_string()));
    }
    if place == Place::System {
        // What the service itself keeps goes before what a sender wrote beside it.
        found.trace = Some(header);
    } else {
        found.trace.get_or_insert(header);
    }
}

/// Reads a map of names to values: an object, or an array of `{name, value}`
/// (SES) or of one-membered objects (Kafka).
pub(super) fn clues(
    cursor: &mut Cursor<'_>,
    place: Place,
    found: &mut Found,
) -> Result<(), Malformed> {
    let mut clues = Clues::default();
    if cursor.peek() == Some(b'[') {
        cursor.array(|cursor| named_value(cursor, place, &mut clues, found).map(|()| true))?;
    } else {
        cursor.object(|key, cursor| {
            clues.member((Name::of(key), place), cursor, found)?;
            Ok(true)
        })?;
    }
    clues.settle(place, found);
    Ok(())
}

fn named_value(
    cursor: &mut Cursor<'_>,
    place: Place,
    clues: &mut Clues,
    found: &mut Found,
) -> Result<(), Malformed> {
    let mut name = Name::Other;
    cursor.object(|key, cursor| {
        match key {
            "name" => {
                name = cursor
                    .text()?
                    .map_or(Name::Other, |text| Name::of(text.as_ref()));
            }
            "value" => clues.member((name, place), cursor, found)?,
            _ => clues.member((Name::of(key), place), cursor, found)?,
        }
        Ok(true)
    })
}

/// The longest thing of interest is W3C's baggage.
const MAX_BYTES: usize = 8192;

/// The text of a value in any of the shapes that AWS gives values.
fn value<'a>(cursor: &mut Cursor<'a>, name: Name) -> Result<Option<Cow<'a, str>>, Malformed> {
    let mut text = None;
    match cursor.peek() {
        Some(b'[') => list(cursor, &mut text, name)?,
        Some(b'{') => cursor.object(|key, cursor| {
            match key {
                "stringValue" | "StringValue" | "Value" | "S" if text.is_none() => {
                    text = cursor.text()?;
                }
                "bytes" => list(cursor, &mut text, name)?,
                _ => cursor.skip()?,
            }
            Ok(true)
        })?,
        _ => text = cursor.text()?,
    }
    Ok(text)
}

/// The first of several texts that says something (of a list's, all of them), or
/// a text as an array of its bytes.
fn list<'a>(
    cursor: &mut Cursor<'a>,
    text: &mut Option<Cow<'a, str>>,
    name: Name,
) -> Result<(), Malformed> {
    let mut bytes = Vec::new();
    cursor.array(|cursor| {
        if cursor.peek() == Some(b'"') {
            let element = cursor.text()?;
            match (&mut *text, element) {
                (Some(list), Some(more)) if name == Name::Baggage => {
                    let list = list.to_mut();
                    list.push(',');
                    list.push_str(&more);
                }
                (Some(first), _) if !first.trim().is_empty() => {}
                (slot, element) => *slot = element,
            }
        } else if let Some(byte) = cursor.byte()?
            && bytes.len() <= MAX_BYTES
        {
            bytes.push(byte);
        }
        Ok(true)
    })?;
    // A part of a text may be another id.
    if !bytes.is_empty() && bytes.len() <= MAX_BYTES {
        *text = String::from_utf8(bytes).ok().map(Cow::Owned);
    }
    Ok(())
}
