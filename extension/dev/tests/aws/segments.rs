//! X-Ray's segments and the traces that they make.

use std::time::{Duration, UNIX_EPOCH};

use crate::support::{NOW_MS, Running};

#[tokio::test]
async fn segments_make_a_trace_and_bad_ones_are_named() {
    let running = Running::start().await;
    let xray = client!(aws_sdk_xray, running);
    let now = NOW_MS as f64 / 1000.0;
    let trace_id = "1-581cf771-a006649127e371903a2de979";
    let open = format!(
        r#"{{"id":"70de5b6f19ff9a0a","trace_id":"{trace_id}","name":"upload","start_time":{now},"in_progress":true}}"#
    );
    let done = format!(
        r#"{{"id":"70de5b6f19ff9a0a","trace_id":"{trace_id}","name":"upload","start_time":{now},"end_time":{},"fault":true,
            "subsegments":[{{"id":"70de5b6f19ff9a0b","name":"scale","start_time":{now},"end_time":{now}}}]}}"#,
        now + 0.5
    );
    let put = xray
        .put_trace_segments()
        .trace_segment_documents(&open)
        .trace_segment_documents(&done);
    // The open one again, late: it must not reopen the trace.
    let put = put
        .trace_segment_documents(&open)
        .trace_segment_documents(r#"{"id":"70de5b6f19ff9a0c"}"#);
    let answer = put.send().await.unwrap();
    let refused: Vec<_> = answer
        .unprocessed_trace_segments()
        .iter()
        .map(|u| (u.id(), u.error_code()))
        .collect();
    assert_eq!(refused, [(Some("70de5b6f19ff9a0c"), Some("MissingField"))]);
    let start = UNIX_EPOCH + Duration::from_millis(u64::try_from(NOW_MS).unwrap());
    let summaries = xray
        .get_trace_summaries()
        .start_time((start - Duration::from_secs(60)).into());
    let summaries = summaries
        .end_time((start + Duration::from_secs(60)).into())
        .send()
        .await
        .unwrap();
    let summary = &summaries.trace_summaries()[0];
    assert_eq!(
        (summary.id(), summary.has_fault(), summary.is_partial()),
        (Some(trace_id), Some(true), Some(false))
    );
    let traces = xray
        .batch_get_traces()
        .trace_ids(trace_id)
        .trace_ids("1-0-0")
        .send()
        .await
        .unwrap();
    assert_eq!(traces.unprocessed_trace_ids(), ["1-0-0"]);
    let segment = &traces.traces()[0].segments()[0];
    assert!(
        segment.document().unwrap().contains("70de5b6f19ff9a0b"),
        "subsegments are nested again"
    );
    running.dev.stop().await;
}
