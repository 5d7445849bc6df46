"""Segments: AWS's X-Ray SDK beside ours, over UDP and over the API."""

import json
import time

from aws_xray_sdk.core.recorder import AWSXRayRecorder
from conftest import until

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def segments(account, trace):
    try:
        return account.api(f"traces/{trace}")["segments"]
    except OSError:
        return []


def test_the_x_ray_sdks_datagrams_become_a_trace(account):
    recorder = AWSXRayRecorder()
    recorder.configure(
        service="peer", sampling=False, daemon_address=account.xray, context_missing="LOG_ERROR",
        plugins=(),
    )
    segment = recorder.begin_segment("peer", sampling=1)
    recorder.begin_subsegment("work").put_annotation("order", "o-1")
    recorder.end_subsegment()
    recorder.end_segment()

    def both():
        found = segments(account, segment.trace_id)
        return found if len(found) == 2 else None

    found = until("two segments", both)
    work = next(document for document in found if document["name"] == "work")
    assert work["parent_id"] == segment.id
    assert work["document"]["annotations"] == {"order": "o-1"}


def test_put_trace_segments_takes_good_documents_and_names_bad_ones(account):
    now = time.time()
    good = {"name": "api", "id": "53995c3f42cd8ad8", "trace_id": TRACE, "start_time": now, "end_time": now + 1}
    answer = account.client("xray").put_trace_segments(
        TraceSegmentDocuments=[json.dumps(good), json.dumps({**good, "id": "nonsense"})]
    )
    assert len(answer["UnprocessedTraceSegments"]) == 1
    assert [segment["name"] for segment in segments(account, TRACE)] == ["api"]


def test_a_handlers_subsegments_hang_below_the_functions_segment(busy):
    line = busy.messages("file uploaded")[0]
    by_id = {segment["id"]: segment for segment in segments(busy, line["xray_trace_id"])}
    handler = next(segment for segment in by_id.values() if segment["name"] == "handler")
    above = []
    segment = handler
    while segment.get("parent_id") in by_id:
        segment = by_id[segment["parent_id"]]
        above.append(segment["origin"])
    assert "AWS::Lambda::Function" in above and above[-1] == "AWS::Lambda"
