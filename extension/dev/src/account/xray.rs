//! X-Ray: segments in, traces out.

use obs_cloudwatch::trace_filter::{Filter, Segment, Trace};
use serde::Deserialize;
use serde_json::Value;

use super::operations::Answer;
use super::segment::{self, SegmentError};
use super::{Account, Change, paging};
use crate::store::{SegmentRow, TraceRange};
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

/// Most documents a call may carry, and most traces it may ask for.
const DOCUMENTS: usize = 50;
const TRACES: usize = 5;
/// Traces that are looked at for a page of summaries, and how many segments they may have.
const PAGE: usize = 100;
const SEGMENTS: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutTraceSegments {
    trace_segment_documents: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTraceSummaries {
    start_time: Timestamp,
    end_time: Timestamp,
    filter_expression: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchGetTraces {
    trace_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutTelemetryRecords {
    #[expect(
        dead_code,
        reason = "what a daemon says of itself is taken and not kept"
    )]
    telemetry_records: Vec<serde::de::IgnoredAny>,
}

impl Account {
    /// Takes one segment document as text, from the endpoint or over UDP: checks
    /// it as X-Ray does and keeps it.
    ///
    /// # Errors
    /// When it is refused; or the store cannot be written, which the error says
    /// with the code `InternalFailure`.
    pub fn segment(&self, text: &str) -> Result<(), SegmentError> {
        let document = segment::read(text)?;
        self.store
            .put_segment(&document)
            .map_err(|error| SegmentError {
                id: document
                    .get("id")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                code: "InternalFailure",
                message: error.to_string(),
            })?;
        self.changed(Change::Trace);
        Ok(())
    }
}

/// Keeps what can be kept and names the rest.
pub(super) fn put_trace_segments(account: &Account, input: PutTraceSegments) -> Answer {
    if input.trace_segment_documents.len() > DOCUMENTS {
        return Err(Fault::request(format!(
            "At most {DOCUMENTS} documents are taken in one call"
        )));
    }
    let documents = input.trace_segment_documents.iter();
    let refused = documents.filter_map(|document| account.segment(document).err());
    let unprocessed = refused.map(|error| {
        Tree::fields()
            .maybe("Id", error.id)
            .set("ErrorCode", error.code)
            .set("Message", error.message)
    });
    let unprocessed = Tree::list(unprocessed);
    Ok(Tree::fields()
        .set("UnprocessedTraceSegments", unprocessed)
        .into())
}

/// The traces of a time range that fit, newest first. A page looks at so many traces, so
/// that it may be empty and carry a token.
pub(super) fn get_trace_summaries(account: &Account, input: GetTraceSummaries) -> Answer {
    let (from, to) = (input.start_time.0, input.end_time.0);
    if from >= to {
        return Err(Fault::request("StartTime must be before EndTime"));
    }
    let filter = Filter::parse(input.filter_expression.as_deref().unwrap_or_default())
        .map_err(|error| Fault::request(format!("failed to {error}")))?;
    let after = paging::after(input.next_token.as_deref())?;
    let page = account.store.trace_page(&TraceRange {
        from: from as f64 / 1000.0,
        to: to as f64 / 1000.0,
        after: after.map(|(start, number)| (f64::from_bits(start.cast_unsigned()), number)),
        traces: PAGE,
        segments: SEGMENTS,
    })?;
    let place = |(start, number): (f64, i64)| (start.to_bits().cast_signed(), number);
    let next = page.next.map(place).map(paging::token_after);
    let processed = i64::try_from(page.traces.len()).unwrap_or(i64::MAX);
    let summaries = page.traces.iter().filter_map(|(id, segments)| {
        let trace = Trace::new(segments.iter().map(seen).collect())?;
        let start = segments.first().map(|first| first.start);
        filter
            .matches(&trace)
            .then(|| summary(id, start.unwrap_or_default(), &trace))
    });
    Ok(Tree::fields()
        .set("TraceSummaries", Tree::list(summaries))
        .set("ApproximateTime", Tree::Time(account.clock.now_ms()))
        .set("TracesProcessedCount", processed)
        .maybe("NextToken", next)
        .into())
}

/// A segment as expressions see it.
fn seen(row: &SegmentRow) -> Segment<'_> {
    Segment {
        id: &row.id,
        parent: row.parent_id.as_deref(),
        subsegment: row.kind == "subsegment",
        document: &row.document,
    }
}

/// Error and fault are the root segment's, as AWS documents them; throttle is anybody's.
fn summary(id: &str, start: f64, trace: &Trace<'_>) -> Tree {
    let root = trace.root();
    let says = |field: &str| root[field].as_bool().unwrap_or(false);
    let name = root["name"].as_str().unwrap_or_default();
    Tree::fields()
        .set("Id", id)
        .set("StartTime", Tree::Time((start * 1000.0) as i64))
        .maybe("Duration", trace.duration())
        .maybe("ResponseTime", trace.response_time())
        .set("HasFault", says("fault"))
        .set("HasError", says("error"))
        .set("HasThrottle", trace.is_throttled())
        .set("IsPartial", trace.is_partial())
        .set("EntryPoint", Tree::fields().set("Name", name))
        .into()
}

pub(super) fn batch_get_traces(account: &Account, input: BatchGetTraces) -> Answer {
    if input.trace_ids.len() > TRACES {
        return Err(Fault::request(format!(
            "At most {TRACES} traces can be asked for in one call"
        )));
    }
    let (mut traces, mut unknown) = (Vec::new(), Vec::new());
    for id in input.trace_ids {
        let Some(trace) = account.store.trace(&id)? else {
            unknown.push(Tree::from(id));
            continue;
        };
        let start = trace
            .segments
            .iter()
            .map(|s| s.start)
            .fold(f64::INFINITY, f64::min);
        let end = trace
            .segments
            .iter()
            .filter_map(|s| s.end)
            .fold(start, f64::max);
        let document = |(id, document): (String, Value)| {
            Tree::fields()
                .set("Id", id)
                .set("Document", document.to_string())
        };
        let segments = Tree::list(trace.documents().into_iter().map(document));
        let trace = Tree::fields()
            .set("Id", id)
            .set("Duration", end - start)
            .set("LimitExceeded", false)
            .set("Segments", segments);
        traces.push(trace.into());
    }
    Ok(Tree::fields()
        .set("Traces", traces)
        .set("UnprocessedTraceIds", unknown)
        .into())
}

pub(super) fn put_telemetry_records(_account: &Account, _input: PutTelemetryRecords) -> Answer {
    Ok(Tree::empty())
}
