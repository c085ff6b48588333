"""Repeated refusals of event streams: a client that opens a thousand a second beyond its limit costs little.

A refusal by the application takes 3 ms of processor time. The key that was refused is kept for a
second, in which the HTTP server (``api.server``) refuses its further streams by their headers. Requests
without a key, such as those of a session, are distinguished by the application only.
"""

from __future__ import annotations

import json
import time

from api.errors import TooManyStreams
from api.http_metrics import requests
from api.problem_kinds import TABLE

VALID_S = 1.0
MAX_KEYS = 1000
KIND = TABLE[TooManyStreams]


class Refusals:
    """The keys whose streams were refused within the last second."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def add(self, authorization: str) -> None:
        """Keep that a stream of this key was refused; of a request without one nothing is kept."""
        if not authorization:
            return
        if len(self._until) >= MAX_KEYS:
            self._until.clear()
        self._until[authorization.encode("latin-1")] = time.monotonic() + VALID_S

    def response(self, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """Return the whole response to a request of a stream by a refused key; None for other requests."""
        if method != b"GET" or not self._until or not path.endswith(b"/events"):
            return None
        authorization = next((value for name, value in headers if name == b"authorization"), b"")
        if not authorization or time.monotonic() > self._until.get(authorization, 0.0):
            return None
        requests.labels("GET", KIND.status).observe(0.0)
        return _response(path.decode("latin-1"))


refused_streams = Refusals()  # of this process


def _response(path: str) -> bytes:
    detail = "too many event streams are open; close one and retry in a second"
    problem = {"type": f"/problems/{KIND.code}", "title": KIND.title, "status": KIND.status}
    body = json.dumps(problem | {"detail": detail, "instance": path}).encode()
    head = f"HTTP/1.1 {KIND.status} Too Many Requests\r\nContent-Type: application/problem+json\r\n"
    head += f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    return head.encode() + body
