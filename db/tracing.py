"""Traces of OpenTelemetry: off unless its own variables name a collector (extra ``tracing``).

The message of a job carries no data, hence no trace either: the row of the job has the ``traceparent`` of the
request that has submitted it (https://www.w3.org/TR/trace-context/).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Literal

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
HEADER = "traceparent"
UNTRACED = "health,metrics,api/v1/events"  # probes, and streams that last for hours


class TracingUnavailable(Exception):
    """A collector is named, but the packages of the extra ``tracing`` are missing."""


def enabled() -> bool:
    """Return whether a collector is named."""
    return any(os.environ.get(name) for name in ENDPOINTS)


def configure(part: str) -> None:
    """Send the spans of this process to the collector, if one is named; call it after a fork.

    ``part`` names the process (``xebra-api``), unless ``OTEL_SERVICE_NAME`` does. gRPC
    requests, which are those to Triton, get spans of their own and pass the trace on.

    Raises:
        TracingUnavailable: the extra ``tracing`` is not installed.
    """
    if not enabled():
        return
    try:
        _configure(part)
    except ImportError as error:
        raise TracingUnavailable(f"tracing needs pip install 'xebra[tracing]' ({error})") from error


def instrument(app: Any) -> None:
    """Have each request of a FastAPI app begin a span, or continue the trace of its client."""
    if enabled():
        fastapi = import_module("opentelemetry.instrumentation.fastapi")
        fastapi.FastAPIInstrumentor.instrument_app(
            app, excluded_urls=UNTRACED, exclude_spans=["receive", "send"]
        )


def current() -> str | None:
    """Return the ``traceparent`` of the present span; None without one."""
    if not enabled():
        return None
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get(HEADER)


@contextmanager
def span(
    name: str, traceparent: str | None, *, kind: Literal["PRODUCER", "CONSUMER"], **attributes: str | int
) -> Iterator[None]:
    """Record a span that continues a stored trace, or the present one; without tracing, do nothing."""
    if not enabled():
        yield
        return
    from opentelemetry import propagate, trace

    parent = propagate.extract({HEADER: traceparent}) if traceparent else None
    named = {f"xebra.{key}": value for key, value in attributes.items()}
    tracer, kinds = trace.get_tracer("xebra"), trace.SpanKind
    with tracer.start_as_current_span(name, context=parent, kind=kinds[kind], attributes=named):
        yield


def flush() -> None:
    """Send the spans that are left, at the end of a process."""
    if enabled():
        from opentelemetry import trace

        with suppress(AttributeError):  # the default provider, which records nothing
            trace.get_tracer_provider().force_flush()  # type: ignore[attr-defined]


def _configure(part: str) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": part}
    provider = TracerProvider(resource=Resource.create(name))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    import_module("opentelemetry.instrumentation.grpc").GrpcInstrumentorClient().instrument()
