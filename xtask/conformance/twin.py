"""The other half of `xtask/twin`: the same work with AWS's X-Ray SDK and Powertools.

A Lambda function whose subject is its first argument. It is run by `twins.py`; to
change one half is to change the other.
"""

import json
import os
import sys
import threading
import urllib.request
from types import SimpleNamespace

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"


class Refused(Exception):
    """A cause."""


class Full(Exception):
    """What it causes."""


def full():
    error = Full("the store is full")
    error.__cause__ = Refused("no room on the disk")
    return error


def trace():
    from aws_lambda_powertools import Tracer
    from aws_xray_sdk.core import xray_recorder
    from aws_xray_sdk.core.models import http
    from aws_xray_sdk.ext.util import inject_trace_header

    tracer = Tracer(service="twin", auto_patch=False)

    def span(name, case, namespace="local"):
        class Span:
            def __enter__(self):
                self.segment = xray_recorder.begin_subsegment(name, namespace)
                self.segment.put_annotation("case", case)
                return self.segment

            def __exit__(self, *_):
                xray_recorder.end_subsegment()

        return Span()

    def blocks():
        with span("order", 1) as order:
            order.put_annotation("order_id", "o-1")
            order.put_annotation("items", 3)
            order.put_annotation("price", 12.5)
            order.put_annotation("vip", True)
            order.put_metadata("card", "visa", "payment")
            order.put_metadata("attempts", 2, "payment")
            order.put_metadata("note", "by hand")
            with span("outer", 2), span("middle", 3), span("inner", 4):
                pass
        with span("example.com", 5, "remote") as call:
            call.put_http_meta(http.METHOD, "GET")
            call.put_http_meta(http.URL, "https://example.com/x?y=1")
            call.put_http_meta(http.USER_AGENT, "agent/1")
            call.put_http_meta(http.STATUS, 200)
            call.put_http_meta(http.CONTENT_LENGTH, 12)
        with span("dynamodb", 6, "aws") as store:
            # As the SDK's patch of botocore sets it.
            store.set_aws({
                "operation": "PutItem", "region": "eu-west-1", "request_id": "R1",
                "table_name": "files", "retries": 1,
            })
            store.put_http_meta(http.STATUS, 200)
        with span("query", 7, "remote") as query:
            query.set_sql({
                "url": "db.example.com:5432/orders", "database_type": "postgresql",
                "sanitized_query": "select 1", "user": "reader",
            })

    def flags():
        for case, status in [(1, 200), (2, 302), (3, 404), (4, 429), (5, 500), (6, 503)]:
            with span("call", case, "remote") as call:
                call.put_http_meta(http.STATUS, status)

    def names():
        for case, name in [
            (1, "plain_name.1:/%&#=+-@"),
            (2, "Żółta łódź 1"),
            (3, "what? (really)*!"),
            (4, "n" * 200),
            (5, "n" * 250),
        ]:
            with span(name, case):
                pass
        with span("annotated", 6) as annotated:
            annotated.put_annotation("unicode", "żółć")
            annotated.put_annotation("order.id", 7)
        with span("annotated", 7) as annotated:
            annotated.put_annotation("fits", "v" * 1000)
        with span("annotated", 8) as annotated:
            annotated.put_annotation("long", "v" * 1200)

    def concurrent():
        above = xray_recorder.current_subsegment()
        turns = threading.Barrier(3)

        def sibling(case):
            xray_recorder.set_trace_entity(above)
            with span("sibling", case):
                turns.wait()
                with span("child", case + 10):
                    turns.wait()

        threads = [threading.Thread(target=sibling, args=[case]) for case in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def errors():
        with span("kept", 1) as kept:
            kept.add_exception(full(), [])
        with span("plain", 2) as plain:
            plain.add_exception(Refused("no room on the disk"), [])

    def outbound():
        headers = {}
        inject_trace_header(headers, xray_recorder.current_subsegment())
        return {"x_ray": headers.get(http.XRAY_HEADER)}

    programs = {"blocks": blocks, "flags": flags, "names": names, "concurrent": concurrent, "errors": errors}

    @tracer.capture_lambda_handler
    def handler(event, context):
        if event["program"] == "outbound":
            return outbound()
        if event["program"] == "failure":
            raise full()
        programs[event["program"]]()
        return {"done": True}

    return handler


def log():
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.logging import correlation_paths
    from aws_lambda_powertools.logging.buffer import LoggerBufferConfig

    buffer = os.environ.get("LOG_BUFFER")
    config = {"buffer_config": LoggerBufferConfig(max_bytes=int(buffer))} if buffer else {}
    logger = Logger(service="twin", use_rfc3339=True, **config)

    def keys():
        logger.info("bare")
        logger.info("with fields", extra={"order_id": "o-1", "items": 3})
        logger.append_keys(customer="c-1", tier=2)
        logger.info("appended")
        logger.append_keys(tier=3)
        logger.info("replaced")
        with logger.append_context_keys(step="payment", tier=9):
            logger.info("scoped")
        logger.info("restored")
        logger.remove_keys(["customer"])
        logger.info("removed")

    def levels():
        logger.debug("debug")
        logger.info("info")
        logger.warning("warning")
        logger.error("error")

    def values():
        for message, value in [
            ("text", "żółć 🚀 \"quoted\" \\ \x7f\x01\n\t"),
            ("least", -(2 ** 63)),
            ("greatest", 2 ** 64 - 1),
            ("wide", 2 ** 128 - 1),
            ("fraction", 0.1),
            ("large", 1e300),
            ("nan", float("nan")),
            ("infinity", float("-inf")),
            ("truth", True),
        ]:
            logger.info(message, extra={"value": value})

    def error():
        try:
            raise Full("the store is full")
        except Full:
            logger.exception("kept")

    programs = {"keys": keys, "levels": levels, "values": values, "error": error}

    @logger.inject_lambda_context(clear_state=True)
    def handler(event, context):
        program = event.get("program")
        if program == "failure":
            raise Full("the store is full")
        programs[program]()
        return {"done": True}

    # Every path of the module, by its name.
    paths = {name: path for name, path in vars(correlation_paths).items() if name.isupper()}
    seers = {}
    for name, path in paths.items():
        @logger.inject_lambda_context(correlation_id_path=path, clear_state=True)
        def seer(event, context, name=name):
            logger.info("seen", extra={"path": name})
            return {"done": True}

        seers[name] = seer

    def route(event, context):
        if isinstance(event, dict) and event.get("program") in {*programs, "failure"}:
            return handler(event, context)
        for seer in seers.values():
            try:
                seer(event, context)
            except Exception:  # not every path fits every event
                logger.clear_state()
        return {"done": True}

    return route


def metric():
    from aws_lambda_powertools import Metrics, single_metric
    from aws_lambda_powertools.metrics import MetricResolution, MetricUnit

    metrics = Metrics()

    def plain():
        metrics.add_metadata("booking_id", "b-1")
        metrics.add_metric("Booked", MetricUnit.Count, 1)
        for value in (12.5, 20.0, 12.5):
            metrics.add_metric("Latency", MetricUnit.Milliseconds, value)
        metrics.add_metric("Load", MetricUnit.Percent, 99.0, MetricResolution.High)

    def dimensions():
        metrics.add_dimension("environment", "prod")
        metrics.add_dimensions(region="eu-west-1")
        metrics.add_metric("Booked", MetricUnit.Count, 2)

    def single():
        with single_metric("Imported", MetricUnit.Count, 3, namespace="Imports") as one:
            one.add_dimension("source", "bucket")

    def many_values():
        for value in range(250):
            metrics.add_metric("Size", MetricUnit.Bytes, float(value))

    def many_metrics():
        for number in range(120):
            metrics.add_metric(f"Metric{number:03}", MetricUnit.Count, 1)

    def units():
        for unit in MetricUnit:
            metrics.add_metric("In" + unit.value.replace("/", "Per"), unit, 1.0)

    def limits():
        for name, value in [("Broken", float("nan")), ("Broken", float("inf")), ("", 1), ("n" * 256, 1)]:
            try:
                metrics.add_metric(name, MetricUnit.Count, value)
            except Exception as error:
                print(json.dumps({"refused": type(error).__name__}))
        metrics.add_metric("Fine", MetricUnit.Count, 1)

    programs = {
        "plain": plain, "dimensions": dimensions, "single": single, "many values": many_values,
        "many metrics": many_metrics, "units": units, "limits": limits,
    }

    @metrics.log_metrics(capture_cold_start_metric=os.environ.get("COLD_START") == "true")
    def handler(event, context):
        if event["program"] == "time":
            metrics.set_timestamp(event["timestamp"])
            metrics.add_metric("Measured", MetricUnit.Count, 1.0)
        elif event["program"] in programs:
            programs[event["program"]]()
        return {"done": True}

    return handler


def batch():
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor, EventType, SqsFifoPartialProcessor, process_partial_response,
    )

    def work(record):
        data = record.raw_event
        image = data.get("dynamodb", {}).get("NewImage") or {}
        if (
            data.get("body") == "fail"
            or image.get("Message", {}).get("S") == "fail"
            or data.get("kinesis", {}).get("data") == "ZmFpbA=="
        ):
            raise Full("the record says so")

    def processor(event):
        first = event["Records"][0]
        source = first.get("eventSource")
        if source == "aws:kinesis":
            return BatchProcessor(EventType.KinesisDataStreams)
        if source == "aws:dynamodb":
            return BatchProcessor(EventType.DynamoDBStreams)
        if first["eventSourceARN"].endswith(".fifo"):
            return SqsFifoPartialProcessor(skip_group_on_error=True)
        return BatchProcessor(EventType.SQS)

    def handler(event, context):
        return process_partial_response(event, work, processor(event), context)

    return handler


def main():
    handler = {"trace": trace, "log": log, "metric": metric, "batch": batch}[sys.argv[1]]()
    while True:
        with urllib.request.urlopen(API + "next") as request:
            headers, event = request.headers, json.load(request)
        # As Lambda's runtime for Python does.
        trace_id = headers["Lambda-Runtime-Trace-Id"]
        if trace_id is None:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        else:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        context = SimpleNamespace(
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
            invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
            memory_limit_in_mb=int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
            aws_request_id=request_id,
            get_remaining_time_in_millis=lambda: 30_000,
        )
        try:
            kind, answer = "response", handler(event, context)
        except Exception as error:
            kind, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        body = json.dumps(answer).encode()
        urllib.request.urlopen(API + f"{request_id}/{kind}", data=body).close()


if __name__ == "__main__":
    main()
