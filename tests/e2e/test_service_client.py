"""The Python client: upload, submit, wait, result, errors and retries."""

from __future__ import annotations

import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from support.service import PATIENCE_S, Service, speckle, tiff

from xebra.client import Client, Failed, Refused

CONTENT, MIRRORED = tiff(speckle(seed=41)), tiff(speckle(seed=41)[:, ::-1])


@pytest.fixture
def client(service: Service):
    with Client(service.url) as client:
        yield client


def test_upload_submit_wait_result(client: Client):
    states: list[str] = []
    fixed, moving = client.upload(CONTENT, "fixed.tif"), client.upload(MIRRORED, pixel_spacing_um=0.5)
    assert (fixed.name, fixed.width, moving.pixel_spacing_um) == ("fixed.tif", 256, 0.5)
    job = client.submit(fixed, moving, mirror="try")
    job = client.wait(job, progress=lambda job: states.append(job.state))
    assert (states[0], states[-1]) == ("queued", "succeeded")
    found = np.array(client.result(job)["fixed_from_moving"])
    np.testing.assert_allclose(found, [[-1, 0, 255], [0, 1, 0], [0, 0, 1]], atol=3)
    assert client.registered(job)[:2] == b"II"
    assert json.loads(client.transform(job))["fixed_from_moving"] == found.tolist()


def test_batch(client: Client):
    fixed, mirrored = client.upload(CONTENT), client.upload(MIRRORED)
    key = uuid.uuid4().hex
    batch, again = (client.submit_many(fixed, [fixed, mirrored], key=key, mirror="try") for _ in range(2))
    assert batch == again
    end = time.monotonic() + PATIENCE_S
    while not (status := client.batch(batch))["ended"] and time.monotonic() < end:
        time.sleep(0.1)
    assert (status["size"], status["states"]["succeeded"]) == (2, 2)


def test_idempotency_key_and_cancellation(client: Client):
    image, key = client.upload(CONTENT), uuid.uuid4().hex
    first, second = (client.submit(image, image, key=key) for _ in range(2))
    assert first.id == second.id
    client.wait(first)
    for _ in range(20):  # until one is caught before its end
        job = client.submit(image, image)
        try:
            cancelled = client.cancel(job)
            break
        except Refused as refused:
            assert refused.code == "registration-ended"
    with pytest.raises(Failed, match="cancelled"):
        client.result(cancelled)


def test_refusal_has_status_and_code(client: Client):
    with pytest.raises(Refused, match="of no format that Xebra reads") as refused:
        client.upload(b"no image")
    assert (refused.value.status, refused.value.code) == (422, "image-unreadable")
    with pytest.raises(Refused) as refused:
        client.register_at_once(CONTENT, CONTENT, deadline_ms=1)
    assert refused.value.code == "deadline-missed"


class UnavailableAtFirst(BaseHTTPRequestHandler):
    """A server that answers the third request."""

    keys: list[str] = []  # noqa: RUF012 - a test reads it

    def do_POST(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        done = len(self.keys) == 3
        names = ("id", "state", "attempt", "result", "failure", "links")
        body = json.dumps(dict.fromkeys(names) | {"id": "j1", "state": "queued"}).encode() if done else b"{}"
        self.send_response(202 if done else 503)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_unavailable_service_is_retried_with_the_same_key(client: Client, service):
    image = client.upload(CONTENT)
    server = HTTPServer(("127.0.0.1", 0), UnavailableAtFirst)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Client(f"http://127.0.0.1:{server.server_port}") as patient:
        assert patient.submit(image, image).id == "j1"
    server.shutdown()
    server.server_close()
    assert len(UnavailableAtFirst.keys) == 3 and len(set(UnavailableAtFirst.keys)) == 1
