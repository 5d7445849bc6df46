"""Segments of the same work: AWS's X-Ray SDK (under Powertools' Tracer) and ours."""

import re

import pytest
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from twins import PARENT, ROOT_ID, TRACE, Intended, twins  # noqa: F401

HANDLER = [
    ("handler.name", "Powertools puts `## ` before the function's name; ours is the span's name"),
    ("handler.annotations.ColdStart", "ours is called as on the lines: cold_start"),
    ("handler.annotations.cold_start", "the same"),
    ("handler.annotations.Service", "likewise: service"),
    ("handler.annotations.service", "the same"),
    ("handler.annotations.correlation_id", "ours lets the id be searched for; Powertools has none on segments"),
]
ANSWER = [
    ("handler.metadata.twin", "Powertools names the namespace after the service, ours is X-Ray's default one"),
    ("handler.metadata.default", "the same"),
]


def flatten(documents):
    """Every subsegment under its own key, with its parent's key in place of the ids."""
    keys, flat = {}, []

    def walk(document, above):
        nested = document.pop("subsegments", [])
        case = document.get("annotations", {}).get("case")
        keys[document["id"]] = "handler" if case is None else f"case {case}"
        flat.append((document, document.get("parent_id", above)))
        for inner in nested:
            walk(inner, document["id"])

    for document in documents:
        walk(document, None)
    return {keys[document["id"]]: plain(document, keys.get(parent, parent)) for document, parent in flat}


def plain(document, parent):
    """A subsegment without what is random, and without what X-Ray takes for granted."""
    assert re.fullmatch("[0-9a-f]{16}", document.pop("id"))
    assert document.pop("trace_id", ROOT_ID) == ROOT_ID
    assert document.pop("end_time") >= document.pop("start_time") > 1.7e9
    assert document.pop("type", "subsegment") == "subsegment"
    assert document.pop("in_progress", False) is False
    # `local` stands in no schema and says what no namespace says.
    if document.get("namespace") == "local":
        del document["namespace"]
    if "cause" in document:
        document["cause"] = {
            str(place): {"type": error["type"], "message": error["message"], "remote": error.get("remote", False)}
            for place, error in enumerate(document["cause"]["exceptions"])
        }
    return {**document, "parent_id": parent}


PROGRAMS = {
    "blocks": ANSWER,
    "flags": ANSWER,
    "names": [
        *ANSWER,
        ("case 3.name", "they drop a character that X-Ray refuses, we write `-`: names stay distinguishable"),
        ("case 5.name", "they send 250 characters, which X-Ray refuses; we cut at 200"),
        ("case 6.annotations.order_id", "they drop a key that X-Ray refuses, with its value; we write `_`"),
        ("case 8.annotations.long", "they send an annotation over 1,000 characters, which X-Ray does not index"),
        ("case 8.metadata", "we keep it whole, in the metadata"),
    ],
    "concurrent": ANSWER,
    "errors": [
        *ANSWER,
        ("case 1.cause.1", "they record the error alone, we its causes as well"),
    ],
    "failure": [
        ("handler.cause.1", "they record the error alone, we its causes as well"),
        ("handler.metadata", "they repeat the error in the metadata, as an object without members"),
    ],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_segments_differ_from_the_x_ray_sdks_only_as_intended(program, twins):
    ours, theirs = twins.both("trace", program)
    intended = Intended([*HANDLER, *PROGRAMS[program]])
    intended.check(intended.compare("", flatten(theirs.documents), flatten(ours.documents)))


def test_names_that_x_ray_refuses_leave_as_documented(twins):
    ours, _ = twins.both("trace", "names")
    found = flatten(ours.documents)
    assert found["case 3"]["name"] == "what- -really---"
    assert found["case 5"]["name"] == "n" * 200
    assert found["case 6"]["annotations"]["order_id"] == 7
    assert found["case 8"]["metadata"]["default"]["long"] == "v" * 1200


def test_what_the_handler_answers_is_left_out_on_request_in_both(twins):
    events = [({"program": "flags"}, TRACE)]
    for emitted in (
        twins.ours("trace", events, OBS_TRACE_CAPTURE_RESPONSE="false"),
        twins.theirs("trace", events, POWERTOOLS_TRACER_CAPTURE_RESPONSE="false"),
    ):
        assert "metadata" not in flatten(emitted.documents)["handler"]


# Headers as they come: what both send on, and whether both record.
IDS = f"Root={ROOT_ID};Parent={PARENT}"
HEADERS = {
    "sampled": f"{IDS};Sampled=1",
    "not sampled": f"{IDS};Sampled=0",
    "undecided": f"{IDS};Sampled=?",
    "no decision": IDS,
    "other order": f"Sampled=1;Parent={PARENT};Root={ROOT_ID}",
    "lineage": f"{IDS};Sampled=1;Lineage=1:a1b2c3d4:0",
    "lineage unsampled": f"{IDS};Sampled=0;Lineage=1:a1b2c3d4:0",
    "self": f"Self=1-67891234-12456789abcdef012345678;{IDS};Sampled=1",
    "no parent": f"Root={ROOT_ID};Sampled=1",
    "random first word": f"Root=1-ffffffff-bd862e3fe1be46a994272793;Parent={PARENT};Sampled=0",
    "unknown key": f"{IDS};Sampled=0;Foo=bar",
    "nonsense": "nonsense",
    "none": None,
}
SENT_ON = [
    ("not sampled.Parent", "they make up an id of a segment that is never sent, we name the one above"),
    ("lineage unsampled.Parent", "the same"),
    ("random first word.Parent", "the same"),
    ("unknown key.Parent", "the same"),
    ("undecided.*", "they send nothing on; we leave it to the next service to decide"),
    ("unknown key.Foo", "we pass on what AWS defines: Root, Parent, Sampled, Lineage"),
    ("no decision.*", "they begin an unsampled trace of their own; we stay in the caller's"),
    ("no parent.*", "the same"),
]


def parts(header, segments):
    """A header's members; the id of a segment that was sent becomes its name."""
    members = dict(part.split("=", 1) for part in (header or "").split(";") if part)
    names = {segment["id"]: "handler" for segment in segments}
    if "Parent" in members:
        members["Parent"] = names.get(members["Parent"], members["Parent"])
    return members


@pytest.fixture(scope="module")
def outbound(twins):
    """By header: what each sends on, and the documents that each sent."""
    found = {}
    for name, header in HEADERS.items():
        events = [({"program": "outbound"}, header)]
        found[name] = (twins.ours("trace", events), twins.theirs("trace", events))
    return found


def test_headers_go_out_as_the_x_ray_sdk_sends_them_but_as_intended(outbound):
    theirs, ours = {}, {}
    for name, (mine, other) in outbound.items():
        theirs[name] = parts(other.answer[1]["x_ray"], other.documents)
        ours[name] = parts(mine.answer[1]["x_ray"], mine.documents)
    intended = Intended(SENT_ON)
    flat = lambda found: {f"{name}.{key}": value for name, members in found.items() for key, value in members.items()}
    theirs, ours = flat(theirs), flat(ours)
    differences = [
        text for where in sorted({*theirs, *ours})
        for text in intended.compare(where, theirs.get(where), ours.get(where))
    ]
    intended.check(differences)


def test_both_record_the_same_headers(outbound):
    for name, (ours, theirs) in outbound.items():
        assert bool(ours.documents) == bool(theirs.documents), name
        # A document leaves for a header that says so, and names its facade.
        assert bool(ours.documents) == (name in {"sampled", "other order", "lineage", "self"}), name


def test_w3c_says_what_opentelemetrys_propagators_make_of_the_header(outbound):
    """opentelemetry-propagator-aws-xray reads our header, opentelemetry's own writes it."""
    compared = 0
    for name, (ours, _) in outbound.items():
        answer = ours.answer[1]
        if not answer["x_ray"] or "Parent=" not in answer["x_ray"]:
            assert answer["w3c"] is None, name
            continue
        carrier = {}
        context = AwsXRayPropagator().extract({"X-Amzn-Trace-Id": answer["x_ray"]})
        TraceContextTextMapPropagator().inject(carrier, context)
        if "Sampled=" not in answer["x_ray"]:
            # Theirs makes nothing of a header without a decision; W3C knows yes and no.
            assert answer["w3c"].endswith("-00"), name
            continue
        assert answer["w3c"] == carrier["traceparent"], name
        compared += 1
    assert compared >= 8
