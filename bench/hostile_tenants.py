"""What two hostile tenants do to a service, each in a process of its own, until it is terminated."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections import Counter
from urllib.parse import urlsplit

import httpx

WEBHOOKS = 1000  # requested by each tenant
BATCH = 10_000
STREAMS, UPLOADS = 1000, 250  # of each tenant: 2,000 and 500 of both
REPEAT_S = 1.0  # before a refused or ended connection is opened again
MIB = 1 << 20


def ask_for_webhooks(url: str, key: str, receiver: str, answers, sent) -> None:
    """Ask for a thousand webhooks whose receiver is slow."""
    found: Counter = Counter()
    with _client(url, key) as client:
        for number in range(WEBHOOKS):
            _count(sent["webhooks"])
            found[client.post("/api/v1/webhooks", json={"url": f"{receiver}/{number}"}).status_code] += 1
            answers.put(("webhooks", os.getpid(), dict(found)))


def cancel_batches(url: str, key: str, image: str, answers, sent) -> None:
    """Submit batches of ten thousand jobs and cancel each at once."""
    found: Counter = Counter()
    body = {"fixed_image_id": image, "moving_image_ids": [image] * BATCH}
    with _client(url, key) as client:
        while True:
            _count(sent["batches"])
            with contextlib.suppress(httpx.TransportError):
                answer = client.post("/api/v1/batches", json=body)
                found[answer.status_code] += 1
                if answer.is_success:
                    client.delete(answer.json()["links"]["self"])
                else:
                    time.sleep(REPEAT_S)
            answers.put(("batches", os.getpid(), dict(found)))


def hold_streams(urls: list[str], key: str, answers, sent) -> None:
    """Hold a thousand event streams open, at all API processes."""
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    asyncio.run(_hold(urls, STREAMS, head.encode(), "streams", answers, sent))


def hold_uploads(urls: list[str], key: str, answers, sent) -> None:
    """Hold hundreds of uploads open whose bodies do not end."""
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'
    head = f"POST /api/v1/images HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {MIB}"
    head += f"\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n{part}"
    asyncio.run(_hold(urls, UPLOADS, head.encode(), "uploads", answers, sent))


def receive_slowly(port: int) -> None:
    """Answer each webhook with one byte of a header in ten seconds."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaa"):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(10)

    async def serve() -> None:
        server = await asyncio.start_server(drip, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


async def _hold(urls: list[str], count: int, request: bytes, what: str, answers, sent) -> None:
    found: Counter = Counter()
    ports = [urlsplit(url).port for url in urls]
    tasks = [_repeat(ports[number % len(ports)], request, found, sent[what]) for number in range(count)]
    await asyncio.gather(*tasks, _report(what, found, answers))


async def _one(port: int, request: bytes, found: Counter) -> None:
    """Send a request and read until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        if line := await reader.readline():
            found[int(line.split()[1])] += 1
        if b" 200 " in line:
            found["held"] += 1
            while await reader.read(MIB):
                pass
            found["held"] -= 1
    finally:
        writer.close()


async def _repeat(port: int, request: bytes, found: Counter, sent) -> None:
    while True:
        _count(sent)
        with contextlib.suppress(OSError, ValueError, IndexError):
            await _one(port, request, found)
        await asyncio.sleep(REPEAT_S)


async def _report(what: str, found: Counter, answers) -> None:
    while True:
        await asyncio.sleep(5)
        answers.put((what, os.getpid(), dict(found)))


def _count(sent) -> None:
    """Count a request of either tenant."""
    with sent.get_lock():
        sent.value += 1


def _client(url: str, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False
    )
