"""One trace leads from the request of a client through relay and worker to Triton."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.collector import Collector, collector
from support.servers import free_port, wait_until
from support.service import QUICK, Service, environment, serving, speckle, tiff
from support.triton_server import triton, triton_at

from db import tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
CLIENT = "b7ad6b7169203331"
INFERENCE = "ModelInfer"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Collector]]:
    """A service on a Triton server, both with a collector."""
    folder, port = tmp_path_factory.mktemp("tracing"), free_port()
    (folder / "triton").mkdir()
    with collector() as received, pytest.MonkeyPatch.context() as variables:
        variables.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        variables.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        sends = ("mode=opentelemetry", "rate=1", "level=TIMESTAMPS")
        options = [f"--trace-config={option}" for option in sends]
        options.append(f"--trace-config=opentelemetry,url={received.url}/v1/traces")
        with (
            triton(folder / "triton", port, *options),
            serving(folder / "state", INFERENCE_URL=triton_at(port)) as service,
        ):
            yield service, received


def headers(trace: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{CLIENT}-01"}


def submit(service: Service, path: str, body: dict, trace: str) -> dict:
    answer = service.client.post(path, json=body | QUICK, headers=headers(trace))
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_trace_of_a_job(traced):
    service, received = traced
    image = service.upload(speckle())
    pair = {"fixed_image_id": image["id"], "moving_image_id": image["id"]}
    job = service.wait(submit(service, "/api/v1/registrations", pair, TRACE))
    assert job["state"] == "succeeded"
    wait_until(lambda: len(received.named("run registration", TRACE)) == 1, "the span of the worker", 30)
    wait_until(
        lambda: bool(received.named("POST /api/v1/registrations", TRACE)), "the span of the request", 30
    )
    (request,) = received.named("POST /api/v1/registrations", TRACE)
    assert (request.service, request.parent_id) == ("xebra-api", CLIENT)
    wait_until(lambda: len(received.named("publish registration", TRACE)) == 1, "the span of the message", 30)
    (published,) = received.named("publish registration", TRACE)
    (worked,) = received.named("run registration", TRACE)
    assert published.service == "xebra-api"  # the relay publishes what the API cannot
    assert worked.service == "xebra-worker"
    for span in (published, worked):
        assert span.parent_id == request.span_id
        assert span.attributes["xebra.registration"] == job["id"]
    inferences = received.named(INFERENCE, TRACE)
    assert inferences and {span.parent_id for span in inferences} == {worked.span_id}
    wait_until(lambda: bool(received.named("InferRequest", TRACE)), "the spans of Triton", 30)
    callers = {span.span_id for span in inferences}
    assert {span.parent_id for span in received.named("InferRequest", TRACE)} <= callers


def test_each_job_of_a_batch_continues_the_trace(traced):
    service, received = traced
    ids = [service.upload(speckle(64, seed))["id"] for seed in range(3)]
    trace = "1" * 32
    submit(service, "/api/v1/batches", {"fixed_image_id": ids[0], "moving_image_ids": ids[1:]}, trace)
    wait_until(lambda: len(received.named("run registration", trace)) == 2, "the spans of both jobs", 60)
    for name in ("POST /api/v1/batches", "publish registration"):  # each process sends in its own time
        wait_until(lambda name=name: bool(received.named(name, trace)), f"the span {name}", 30)
    (request,) = received.named("POST /api/v1/batches", trace)
    published = received.named("publish registration", trace)
    assert {span.service for span in published} == {"xebra-relay"}
    spans = [*published, *received.named("run registration", trace)]
    assert {span.parent_id for span in spans} == {request.span_id}


def test_trace_of_a_synchronous_registration(traced):
    service, received = traced
    trace, files = "2" * 32, {name: (f"{name}.tif", tiff(speckle())) for name in ("fixed", "moving")}
    form = {"deadline_ms": "60000", **QUICK}
    answer = service.client.post("/api/v1/register", files=files, data=form, headers=headers(trace))
    assert answer.is_success, answer.text
    wait_until(lambda: bool(received.named("POST /api/v1/register", trace)), "the span of the request", 30)
    (request,) = received.named("POST /api/v1/register", trace)
    inferences = received.named(INFERENCE, trace)
    assert inferences and {span.parent_id for span in inferences} == {request.span_id}


def test_probes_and_polls_are_not_traced(traced):
    service, received = traced
    service.client.get("/health/ready"), service.client.get("/metrics")
    assert {span.service for span in received.spans} >= {"xebra-api", "xebra-relay", "xebra-worker"}
    assert not [span.name for span in received.spans if "health" in span.name or "heartbeat" in span.name]
    untraced = [span for span in received.spans if span.service in ("xebra-relay", "xebra-worker")]
    assert {span.name for span in untraced if not span.parent_id} <= {
        "publish registration",
        "run registration",
    }


def test_without_a_collector_nothing_is_loaded(tmp_path):
    program = """
import sys, api.main, worker.relay, worker.tasks
from db import tracing
tracing.configure("xebra-api")
with tracing.span("run registration", None, kind="CONSUMER"):
    assert tracing.current() is None
found = ("opentelemetry.sdk", "opentelemetry.instrumentation")
print([name for name in sys.modules if name.startswith(found)])
"""
    variables = {k: v for k, v in environment(tmp_path).items() if not k.startswith("OTEL_")}
    run = [sys.executable, "-c", program]
    assert subprocess.run(run, env=variables, stdout=subprocess.PIPE, check=True).stdout.strip() == b"[]"


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.TracingUnavailable, match=r"xebra\[tracing\]"):
        tracing.configure("xebra-api")
