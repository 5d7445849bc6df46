//! Filter expressions of X-Ray, and the traces they are asked about.

use obs_cloudwatch::trace_filter::{Filter, Segment, Trace};
use serde_json::Value;

/// The first line is an expression, the rest is a list of segment documents: what is
/// read can be asked, and it and its opposite never agree.
pub fn expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (expression, documents) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(filter) = Filter::parse(expression) else {
        return;
    };
    let documents: Vec<Value> = serde_json::from_str(documents).unwrap_or_default();
    let segments = documents.iter().map(segment).collect();
    let Some(trace) = Trace::new(segments) else {
        return;
    };
    let fits = filter.matches(&trace);
    if expression.trim().is_empty() {
        assert!(fits, "nothing holds of every trace");
        return;
    }
    for (other, expect) in [
        (format!("!({expression})"), !fits),
        (format!("({expression}) AND ({expression})"), fits),
        (format!("!({expression}) OR ({expression})"), true),
    ] {
        // It may have become too long, or stand too deep.
        if let Ok(read) = Filter::parse(&other) {
            assert_eq!(read.matches(&trace), expect, "{other}");
        }
    }
}

fn segment(document: &Value) -> Segment<'_> {
    Segment {
        id: document["id"].as_str().unwrap_or_default(),
        parent: document["parent_id"].as_str(),
        subsegment: document["type"] == "subsegment",
        document,
    }
}
