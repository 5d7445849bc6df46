//! X-Ray: segments in, traces out.

use serde::Deserialize;
use serde_json::Value;

use super::operations::Answer;
use super::segment::{self, SegmentError};
use super::{Account, Change, paging};
use crate::store::{TraceQuery, TraceSummary};
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

/// Most documents a call may carry, and most traces it may ask for.
const DOCUMENTS: usize = 50;
const TRACES: usize = 5;
/// Traces a page.
const PAGE: usize = 100;

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

/// The traces of a time range. Filter expressions are refused rather than ignored.
pub(super) fn get_trace_summaries(account: &Account, input: GetTraceSummaries) -> Answer {
    let (from, to) = (input.start_time.0, input.end_time.0);
    if from >= to {
        return Err(Fault::request("StartTime must be before EndTime"));
    }
    if input
        .filter_expression
        .is_some_and(|expression| !expression.trim().is_empty())
    {
        return Err(Fault::request(
            "obs dev does not evaluate a FilterExpression; leave it out",
        ));
    }
    let traces = account.store.traces(&TraceQuery {
        limit: 1_000,
        from: Some(from as f64 / 1000.0),
        to: Some(to as f64 / 1000.0),
        text: None,
    })?;
    let processed = i64::try_from(traces.len()).unwrap_or(i64::MAX);
    let (page, next) = paging::page(traces, input.next_token.as_deref(), PAGE)?;
    Ok(Tree::fields()
        .set("TraceSummaries", Tree::list(page.into_iter().map(summary)))
        .set("ApproximateTime", Tree::Time(account.clock.now_ms()))
        .set("TracesProcessedCount", processed)
        .maybe("NextToken", next)
        .into())
}

fn summary(trace: TraceSummary) -> Tree {
    let duration = trace.duration_ms.map(|ms| ms / 1000.0);
    let service = Tree::fields().set("Name", trace.name.as_str());
    Tree::fields()
        .set("Id", trace.trace_id)
        .set("StartTime", Tree::Time(trace.start_ms as i64))
        .maybe("Duration", duration)
        .maybe("ResponseTime", duration)
        .set("HasFault", trace.fault)
        .set("HasError", trace.error)
        .set("HasThrottle", trace.throttle)
        .set("IsPartial", trace.duration_ms.is_none())
        .set("EntryPoint", service)
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
