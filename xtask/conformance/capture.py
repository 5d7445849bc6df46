"""A proxy that writes down every request, and reads it by botocore's service models."""

import gzip
import http.client
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import botocore.session
import cbor2
from botocore.validate import ParamValidator

MODELS = botocore.session.Session()
# The service's name in a credential's scope, and botocore's.
SERVICES = {"monitoring": "cloudwatch"}


class Request:
    """One call: service, operation and parameters."""

    def __init__(self, path, headers, body):
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers["authorization"])[1]
        self.service = SERVICES.get(scope, scope)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        model = MODELS.get_service_model(self.service)
        if headers.get("smithy-protocol") == "rpc-v2-cbor":
            self.operation = path.rsplit("/", 1)[1]
            self.parameters = cbor2.loads(body) if body else {}
        elif "x-amz-target" in headers:
            self.operation = headers["x-amz-target"].rsplit(".", 1)[1]
            self.parameters = json.loads(body)
        elif "x-www-form-urlencoded" in headers.get("content-type", ""):
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            self.operation = form["Action"]
            self.parameters = from_form(form, "", model.operation_model(self.operation).input_shape)
        else:
            # X-Ray's REST: the operation is the path, the parameters are the body.
            self.operation = path.strip("/")
            self.parameters = json.loads(body or b"{}")
        self.shape = model.operation_model(self.operation).input_shape

    def problems(self):
        """What botocore's model says against it, bounds and enumerations included."""
        if self.shape is None:
            return [] if not self.parameters else [f"{self.operation} takes no parameters"]
        report = ParamValidator().validate(self.parameters, self.shape)
        found = [report.generate_report()] if report.has_errors() else []
        return found + list(beyond(self.parameters, self.shape, self.operation))


def from_form(form, prefix, shape):
    """A value of AWS's query protocol: `Tags.member.1.Key`, `Attributes.entry.1.key`."""
    kind = shape.type_name
    under = f"{prefix}." if prefix else ""
    if kind == "structure":
        present = {
            name: f"{under}{member.serialization.get('name', name)}" for name, member in shape.members.items()
        }
        return {
            name: from_form(form, path, shape.members[name]) for name, path in present.items()
            if path in form or any(key.startswith(f"{path}.") for key in form)
        }
    if kind == "list":
        flat = shape.serialization.get("flattened")
        base = under if flat else f"{under}{shape.member.serialization.get('name', 'member')}."
        numbers = sorted({int(m[1]) for key in form if (m := re.match(re.escape(base) + r"(\d+)", key))})
        return [from_form(form, f"{base}{number}", shape.member) for number in numbers]
    if kind == "map":
        base = under if shape.serialization.get("flattened") else f"{under}entry."
        numbers = sorted({int(m[1]) for key in form if (m := re.match(re.escape(base) + r"(\d+)", key))})
        return {
            form[f"{base}{number}.key"]: from_form(form, f"{base}{number}.value", shape.value) for number in numbers
        }
    text = form[prefix]
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    return {"true": True, "false": False}[text] if kind == "boolean" else text


def beyond(value, shape, path):
    """Upper bounds, patterns and enumerations, which ParamValidator does not look at."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        for name in shape.members.keys() & value.keys():
            yield from beyond(value[name], shape.members[name], f"{path}.{name}")
        return
    size = len(value) if kind in ("list", "string", "map") else value if kind in ("integer", "long") else 0
    if "max" in limits and size > limits["max"]:
        yield f"{path}: {size} is more than {limits['max']}"
    if kind == "list":
        for index, item in enumerate(value):
            yield from beyond(item, shape.member, f"{path}[{index}]")
    elif kind == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value} is none of {shape.enum}"
        if "pattern" in limits and not re.search(limits["pattern"].replace(r"\p{Graph}", r"\S"), value):
            yield f"{path}: {value!r} does not match {limits['pattern']}"


@contextmanager
def capturing(url):
    """A proxy before `url`: its own address, and the list that fills with requests."""
    upstream = urlsplit(url)
    requests = []

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Request(self.path, headers, body))
            connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=60)
            connection.request("POST", self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
