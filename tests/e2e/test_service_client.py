"""The client does what pipelines need, and comes back where the service asks it to."""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from service import Service, speckle, tiff

from xebra.client import Client, Failed, Refused

CONTENT, TURNED_OVER = tiff(speckle(seed=41)), tiff(speckle(seed=41)[:, ::-1])


@pytest.fixture
def client(service: Service):
    with Client(service.url) as client:
        yield client


def test_upload_submit_wait_result(client: Client):
    heard: list[str] = []
    fixed, moving = client.upload(CONTENT, "fixed.tif"), client.upload(TURNED_OVER, pixel_spacing_um=0.5)
    assert (fixed.name, fixed.width, moving.pixel_spacing_um) == ("fixed.tif", 256, 0.5)
    job = client.submit(fixed, moving, mirror="try")
    job = client.wait(job, progress=lambda job: heard.append(job.state))
    assert (heard[0], heard[-1]) == ("queued", "succeeded")
    found = np.array(client.result(job)["fixed_from_moving"])
    np.testing.assert_allclose(found, [[-1, 0, 255], [0, 1, 0], [0, 0, 1]], atol=3)
    assert client.registered(job)[:2] == b"II"
    assert json.loads(client.transform(job))["fixed_from_moving"] == found.tolist()


def test_one_key_is_one_job_and_a_cancelled_job_has_failed(client: Client):
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


def test_a_refusal_says_its_kind(client: Client):
    with pytest.raises(Refused, match="of no format that Xebra reads") as refused:
        client.upload(b"no image")
    assert (refused.value.status, refused.value.code) == (422, "image-unreadable")
    with pytest.raises(Refused) as refused:
        client.register_at_once(CONTENT, CONTENT, deadline_ms=1)
    assert refused.value.code == "deadline-missed"


class AwayAtFirst(BaseHTTPRequestHandler):
    """Has to be asked three times."""

    asked: list[str] = []  # noqa: RUF012 - a test reads it

    def do_POST(self) -> None:
        self.asked.append(self.headers["Idempotency-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        done = len(self.asked) == 3
        names = ("id", "state", "attempt", "result", "failure", "links")
        body = json.dumps(dict.fromkeys(names) | {"id": "j1", "state": "queued"}).encode() if done else b"{}"
        self.send_response(202 if done else 503)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_service_that_is_away_for_a_moment_is_asked_again_under_the_same_key(client: Client, service):
    image = client.upload(CONTENT)
    server = HTTPServer(("127.0.0.1", 0), AwayAtFirst)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Client(f"http://127.0.0.1:{server.server_port}") as patient:
        assert patient.submit(image, image).id == "j1"
    server.shutdown()
    server.server_close()
    assert len(AwayAtFirst.asked) == 3 and len(set(AwayAtFirst.asked)) == 1
