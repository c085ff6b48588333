"""Uploads that take long, or for ever, do not keep other requests waiting."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import psutil
import pytest
import tifffile
from support.crashes import still_running
from support.servers import wait_until
from support.service import Service, serving, speckle

from api.images.decoder import DECODERS

DECODE_S = 6
BOUND_S = DECODE_S + 14  # for a busy machine


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("state"), DECODE_SECONDS=str(DECODE_S)) as service:
        yield service


@pytest.fixture(scope="module")
def slow() -> bytes:
    """An image whose decoding takes most of a second."""
    return compressed(np.random.default_rng(0).integers(0, 9, (6000, 6000), np.uint8))


def compressed(pixels: np.ndarray) -> bytes:
    """Return a TIFF file that needs a decoder; plain ones are read without."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, compression="zlib", compressionargs={"level": 1})
    return file.getvalue()


def decoding_server(service: Service) -> psutil.Process:
    """Return the decoding server of the API."""
    (api,) = service.parts("api.server")
    wait_until(lambda: _children(api) != [], "the decoding server")
    return _children(api)[0]


def _children(api: psutil.Process) -> list[psutil.Process]:
    return [child for child in api.children() if "xebra.readers.decoding_server" in child.cmdline()]


def post(service: Service, content: bytes, timeout_s: float = 60) -> httpx.Response:
    """Upload over a connection of its own."""
    files = {"file": ("a.tif", content)}
    return httpx.post(f"{service.url}/api/v1/images", files=files, timeout=timeout_s, trust_env=False)


def leave_after(service: Service, content: bytes, seconds: float) -> threading.Thread:
    """Start an upload whose client does not wait for the response."""

    def upload() -> None:
        with contextlib.suppress(httpx.TimeoutException):
            post(service, content, seconds)

    thread = threading.Thread(target=upload)
    thread.start()
    return thread


def assert_reads_are_quick(service: Service) -> None:
    for path in ("/api/v1/images", "/api/v1/registrations", "/health/live"):
        started = time.monotonic()
        assert service.client.get(path).is_success
        assert time.monotonic() - started < 2


def test_client_that_leaves_frees_its_decoder(service, slow):
    server = decoding_server(service)
    clients = [leave_after(service, slow, 3) for _ in range(DECODERS)]
    suspended: dict[int, psutil.Process] = {}
    while len(suspended) < DECODERS:
        for child in server.children():
            if child.pid not in suspended:
                child.suspend()
                suspended[child.pid] = child
    assert_reads_are_quick(service)
    for client in clients:
        client.join()
    started = time.monotonic()
    assert post(service, compressed(speckle())).status_code == 201
    assert time.monotonic() - started < DECODE_S - 3  # before the deadline would have freed one
    assert still_running([*suspended.values()]) == []


def test_decoder_that_does_not_end_is_stopped_at_its_deadline(service):
    before = decoding_server(service)
    before.suspend()
    started, answers = time.monotonic(), []
    threads = [
        threading.Thread(target=lambda: answers.append(post(service, compressed(speckle()))))
        for _ in range(DECODERS)
    ]
    for thread in threads:
        thread.start()
    assert_reads_are_quick(service)
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < BOUND_S
    assert {answer.json()["type"] for answer in answers} == {"/problems/image-unreadable"}
    assert post(service, compressed(speckle())).status_code == 201
    assert decoding_server(service).pid != before.pid


def test_many_uploads_at_once_leave_reads_alone(service, slow):
    """More uploads than the server has threads for requests."""
    clients = [leave_after(service, slow, 5) for _ in range(50)]
    time.sleep(1)
    assert_reads_are_quick(service)
    for client in clients:
        client.join()
    assert_reads_are_quick(service)
