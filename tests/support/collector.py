"""A collector of OpenTelemetry traces in this process, which receives them as OTLP over HTTP."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.servers import LOOPBACK


@dataclass(frozen=True)
class Span:
    """One received span; ids are in hexadecimal digits, as in a ``traceparent``."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str | int]


@dataclass
class Collector:
    """The URL of the collector, and what it has received."""

    url: str
    spans: list[Span] = field(default_factory=list)

    def named(self, word: str, trace_id: str | None = None) -> list[Span]:
        """Return the spans whose name contains a word, of all traces or of one."""
        return [s for s in self.spans if word in s.name and trace_id in (None, s.trace_id)]


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    """Start a collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            read = _of_json if self.headers["Content-Type"] == "application/json" else _of_protobuf
            received.spans.extend(read(gzip.decompress(body) if zipped else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write no line for each request."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    received = Collector(f"http://{LOOPBACK}:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()


def _of_protobuf(body: bytes) -> Iterator[Span]:
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(group.resource)["service.name"]
        for span in (span for scope in group.scope_spans for span in scope.spans):
            ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
            yield Span(str(service), span.name, *ids, _attributes(span))


def _attributes(of) -> dict[str, str | int]:
    values = {entry.key: entry.value for entry in of.attributes}
    return {key: getattr(value, value.WhichOneof("value")) for key, value in values.items()}


def _of_json(body: bytes) -> Iterator[Span]:
    """Return the spans of Triton, whose ids are in hexadecimal digits already."""
    for group in json.loads(body)["resourceSpans"]:
        service = {a["key"]: a["value"] for a in group["resource"]["attributes"]}["service.name"][
            "stringValue"
        ]
        for span in (span for scope in group["scopeSpans"] for span in scope["spans"]):
            ids = (span["traceId"], span["spanId"], span.get("parentSpanId", ""))
            yield Span(service, span["name"], *ids, {})
