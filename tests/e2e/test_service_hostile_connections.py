"""Connections and requests that only cost: they are ended before they are worth an attack."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from support.administrator import admin
from support.servers import LOOPBACK, wait_until
from support.service import Service, serving, speckle, tiff

from db import keys

MIB = 1 << 20
PER_KEY, TOTAL = 4, 6
JOBS = 20  # of batches, in a minute


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    limits = {"MAX_STREAMS_PER_KEY": str(PER_KEY), "MAX_STREAMS": str(TOTAL), "STALLED_AFTER_SECONDS": "3"}
    limits |= {"MAX_BATCH_JOBS_PER_MINUTE": str(JOBS)}
    with serving(tmp_path_factory.mktemp("state"), ACCESS="keys", **limits) as service:
        for name in ("sem", "tem"):
            admin(service, keys.add_instrument, name)
        yield service


@pytest.fixture(scope="module")
def sem(service) -> dict[str, str]:
    return authorization(service, "sem")


def authorization(service: Service, instrument: str, *scopes: str) -> dict[str, str]:
    """Return the headers with a new key."""
    _, text = admin(service, keys.add, instrument, "test", list(scopes or ("read", "write")))
    return {"Authorization": f"Bearer {text}"}


def connect(service: Service) -> socket.socket:
    return socket.create_connection((LOOPBACK, httpx.URL(service.url).port), timeout=60)


def read_all(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def written_bytes(service: Service) -> int:
    (api,) = service.parts("api.server")
    return psutil.Process(api.pid).io_counters().write_chars


def test_jobs_of_batches_are_limited_for_each_instrument_before_the_body_is_read(service):
    headers = {name: authorization(service, name) for name in ("sem", "tem")}

    def submit(name: str, size: int) -> httpx.Response:
        url = f"{service.url}/api/v1/images"
        files = {"file": ("a.tif", tiff(speckle()))}
        image = httpx.post(url, files=files, headers=headers[name], timeout=60).json()["id"]
        body = {"fixed_image_id": image, "moving_image_ids": [image] * size}
        return httpx.post(f"{service.url}/api/v1/batches", json=body, headers=headers[name], timeout=60)

    assert submit("sem", JOBS).status_code == 202
    refused = submit("sem", 1)
    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/rate-exceeded"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    with connect(service) as connection:
        head = f"POST /api/v1/batches HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {MIB}\r\n"
        key = f"Authorization: {headers['sem']['Authorization']}\r\n\r\n"
        connection.sendall((head + key).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 429 ")  # no body was sent
    assert submit("tem", 1).status_code == 202


def test_request_without_a_key_is_rejected_before_its_body(service):
    before = written_bytes(service)
    with connect(service) as connection:
        head = f"POST /api/v1/images HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {199 * MIB}\r\n"
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'
        connection.sendall(start + bytes(MIB))
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")  # the rest was not sent
        with contextlib.suppress(OSError):
            for _ in range(32):
                connection.sendall(bytes(MIB))
    assert written_bytes(service) - before < MIB


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "], ids=["nothing", "half"])
def test_request_whose_headers_do_not_end_is_closed(service, start):
    started = time.monotonic()
    with connect(service) as connection:
        connection.sendall(start)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 30


def test_dripping_headers_are_closed_too(service):
    started = time.monotonic()
    with connect(service) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        while time.monotonic() - started < 40:
            connection.sendall(b"X-A: b\r\n")
            time.sleep(0.5)
    assert time.monotonic() - started < 30


def test_large_header_is_rejected(service):
    with connect(service) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + bytes([97]) * MIB)
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_dripping_body_is_rejected(service, sem):
    started = time.monotonic()

    def drip() -> Iterator[bytes]:
        while time.monotonic() - started < 60:
            yield b"a"
            time.sleep(0.5)

    with contextlib.suppress(httpx.TransportError):  # the server closes while the client writes
        answer = httpx.post(f"{service.url}/api/v1/registrations", content=drip(), headers=sem, timeout=60)
        assert answer.status_code == 408
    assert time.monotonic() - started < 30


@contextlib.contextmanager
def streams(service: Service, headers: dict[str, str], count: int) -> Iterator[list[httpx.Response]]:
    with contextlib.ExitStack() as opened:
        client = opened.enter_context(httpx.Client(base_url=service.url, headers=headers, timeout=60))
        request = ("GET", "/api/v1/events")
        yield [opened.enter_context(client.stream(*request)) for _ in range(count)]


def test_event_streams_are_limited_by_key_and_in_all(service, sem):
    tem = authorization(service, "tem")
    with streams(service, sem, PER_KEY) as opened:
        assert {stream.status_code for stream in opened} == {200}
        answer = httpx.get(f"{service.url}/api/v1/events", headers=sem, timeout=60)
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-streams")
        again = httpx.get(f"{service.url}/api/v1/events?after=1", headers=sem)  # by the HTTP server itself
        assert (again.status_code, again.json()["type"]) == (429, "/problems/too-many-streams")
        assert again.headers["Retry-After"] == "1"
        assert httpx.get(f"{service.url}/api/v1/registrations", headers=sem).status_code == 200
        assert int(answer.headers["Retry-After"]) > 0
        with streams(service, tem, TOTAL - PER_KEY) as others:
            assert {stream.status_code for stream in others} == {200}
            assert httpx.get(f"{service.url}/api/v1/events", headers=tem).status_code == 429

    def again() -> bool:
        with streams(service, sem, PER_KEY) as reopened:
            return {stream.status_code for stream in reopened} == {200}

    wait_until(again, "places of closed streams", 30)


def test_revoked_key_gets_no_backlog(service):
    headers = authorization(service, "sem")
    client = httpx.Client(base_url=service.url, headers=headers, timeout=60)
    image = client.post("/api/v1/images", files={"file": ("a.tif", tiff(speckle()))}).json()
    pair = {"fixed_image_id": image["id"], "moving_image_id": image["id"], "network": "paper"}
    assert client.post("/api/v1/registrations", json=pair).status_code == 202
    key_id = headers["Authorization"].split("_")[1]
    admin(service, keys.revoke, key_id)
    wait_until(lambda: client.get("/api/v1/images").status_code == 401, "the revocation", 30)
    assert client.get("/api/v1/events", params={"after": 0}).status_code == 401


def test_documents_and_metrics_require_a_key(service, sem):
    operator = authorization(service, "sem", "admin")
    for path in ("/docs", "/openapi.json", "/metrics"):
        assert httpx.get(f"{service.url}{path}").status_code == 401, path
    assert httpx.get(f"{service.url}/openapi.json", headers=sem).is_success
    assert httpx.get(f"{service.url}/metrics", headers=sem).status_code == 403
    assert "xebra_jobs" in httpx.get(f"{service.url}/metrics", headers=operator).text


def test_every_response_has_security_headers(service, sem):
    for path in ("/", "/api/v1/images", "/nothing", "/docs"):
        headers = httpx.get(f"{service.url}{path}", headers=sem).headers
        assert headers["X-Frame-Options"] == "DENY" and headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert ("script-src" in headers["Content-Security-Policy"]) == (path == "/docs")
