"""Uploads that are cut, slow or stalled: those that come to their end are kept, the others leave nothing."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.servers import wait_until
from support.service import PATIENCE_S, Service, serving, speckle, tiff

BOUNDARY = "xebra"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'.encode()
BODY = HEAD + tiff(speckle(1024)) + f"\r\n--{BOUNDARY}--\r\n".encode()  # 2 MB: on disk while it comes
STALLED_AFTER_S = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    state = tmp_path_factory.mktemp("state")
    with serving(state, STALLED_AFTER_SECONDS=str(STALLED_AFTER_S)) as service:
        yield service


@contextlib.contextmanager
def connection(service: Service) -> Iterator[socket.socket]:
    """To the service, with the head of an upload sent."""
    url = service.client.base_url
    head = [f"POST /api/v1/images HTTP/1.1\r\nHost: {url.host}", f"Content-Length: {len(BODY)}"]
    head.append(f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n")
    with socket.create_connection((url.host, url.port), PATIENCE_S) as to_service:
        to_service.sendall("\r\n".join(head).encode())
        yield to_service


def kept(service: Service) -> tuple[list[Path], list[str]]:
    """The files of the store, and the images that are known."""
    files = sorted(path for path in (service.state_dir / "images").rglob("*") if path.is_file())
    return files, [image["id"] for image in service.get("/api/v1/images?limit=200")["items"]]


def half_read(service: Service) -> list[str]:
    """The nameless files into which the API writes what comes."""
    [api] = service.parts("api.main")
    links = (Path(f"/proc/{api.pid}/fd")).iterdir()
    found = []
    for link in links:
        with contextlib.suppress(OSError):  # closed while we look
            found.append(str(link.readlink()))
    return [target for target in found if "(deleted)" in target and not target.startswith("/memfd")]


def test_an_upload_that_is_cut_leaves_nothing(service):
    before = kept(service)
    with connection(service) as to_service:
        to_service.sendall(BODY[: len(BODY) * 3 // 4])
        wait_until(lambda: half_read(service) != [], "the first bytes in the API")
    wait_until(lambda: half_read(service) == [], "the end of the upload")
    assert kept(service) == before
    assert "Traceback" not in (service.state_dir / "logs" / "api.log").read_text()


def test_a_slow_upload_is_kept_however_long_it_takes(service):
    pieces = 9
    size = -(-len(BODY) // pieces)
    with connection(service) as to_service:
        for start in range(0, len(BODY), size):
            to_service.sendall(BODY[start : start + size])
            time.sleep(STALLED_AFTER_S / 8)  # longer in all, never at once
        assert to_service.recv(1 << 16).startswith(b"HTTP/1.1 201 ")


def test_an_upload_that_stalls_is_refused_and_leaves_nothing(service):
    before = kept(service)
    with connection(service) as to_service:
        to_service.sendall(BODY[: len(BODY) // 2])
        answer = b""
        while piece := to_service.recv(1 << 16):  # until the service hangs up
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ") and b"/problems/upload-stalled" in answer
    wait_until(lambda: half_read(service) == [], "the end of the upload")
    assert kept(service) == before


def test_an_upload_of_any_size_is_never_whole_in_memory(service):
    [api] = service.parts("api.main")
    service.upload(tiff(speckle()))
    before = psutil.Process(api.pid).memory_info().rss
    large = b"not an image" + bytes(100 << 20)
    answer = service.client.post("/api/v1/images", files={"file": ("large.tif", large)})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/image-unreadable")
    assert psutil.Process(api.pid).memory_info().rss - before < 50 << 20
