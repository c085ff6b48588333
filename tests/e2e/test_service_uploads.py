"""Interrupted, slow and stalled uploads: complete ones are stored, the others leave no files."""

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
BODY = (
    HEAD + tiff(speckle(1024)) + f"\r\n--{BOUNDARY}--\r\n".encode()
)  # 2 MB: spooled to disk during the upload
STALLED_AFTER_S = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    state = tmp_path_factory.mktemp("state")
    with serving(state, STALLED_AFTER_SECONDS=str(STALLED_AFTER_S)) as service:
        yield service


@contextlib.contextmanager
def connection(service: Service) -> Iterator[socket.socket]:
    """Connect to the service and send the headers of an upload."""
    url = service.client.base_url
    head = [f"POST /api/v1/images HTTP/1.1\r\nHost: {url.host}", f"Content-Length: {len(BODY)}"]
    head.append(f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n")
    with socket.create_connection((url.host, url.port), PATIENCE_S) as to_service:
        to_service.sendall("\r\n".join(head).encode())
        yield to_service


def stored(service: Service) -> tuple[list[Path], list[str]]:
    """Return the files of the store and the ids of the images."""
    files = sorted(path for path in (service.state_dir / "images").rglob("*") if path.is_file())
    return files, [image["id"] for image in service.get("/api/v1/images?limit=200")["items"]]


def spooled(service: Service) -> list[str]:
    """Return the unnamed temporary files into which the API spools uploads."""
    [api] = service.parts("api.server")
    links = (Path(f"/proc/{api.pid}/fd")).iterdir()
    found = []
    for link in links:
        with contextlib.suppress(OSError):  # closed in the meantime
            found.append(str(link.readlink()))
    return [target for target in found if "(deleted)" in target and not target.startswith("/memfd")]


def test_interrupted_upload_leaves_no_files(service):
    before = stored(service)
    with connection(service) as to_service:
        to_service.sendall(BODY[: len(BODY) * 3 // 4])
        wait_until(lambda: spooled(service) != [], "the first bytes in the API")
    wait_until(lambda: spooled(service) == [], "the end of the upload")
    assert stored(service) == before
    assert "Traceback" not in (service.state_dir / "logs" / "api.log").read_text()


def test_slow_upload_is_stored(service):
    chunks = 9
    size = -(-len(BODY) // chunks)
    with connection(service) as to_service:
        for start in range(0, len(BODY), size):
            to_service.sendall(BODY[start : start + size])
            time.sleep(STALLED_AFTER_S / 8)  # longer in total than the timeout, never at once
        assert to_service.recv(1 << 16).startswith(b"HTTP/1.1 201 ")


def test_stalled_upload_is_rejected_and_leaves_no_files(service):
    before = stored(service)
    with connection(service) as to_service:
        to_service.sendall(BODY[: len(BODY) // 2])
        answer = b""
        while chunk := to_service.recv(1 << 16):  # until the service closes the connection
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 408 ") and b"/problems/upload-stalled" in answer
    wait_until(lambda: spooled(service) == [], "the end of the upload")
    assert stored(service) == before


def test_large_upload_is_not_held_in_memory(service):
    [api] = service.parts("api.server")
    service.upload(tiff(speckle()))
    before = psutil.Process(api.pid).memory_info().rss
    large = b"not an image" + bytes(100 << 20)
    answer = service.client.post("/api/v1/images", files={"file": ("large.tif", large)})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/image-unreadable")
    assert psutil.Process(api.pid).memory_info().rss - before < 50 << 20
