"""ASGI middleware: request context (log line, headers, unexpected errors) and limits of the request body."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from urllib.parse import quote

from asgi_correlation_id import correlation_id
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.errors import UploadStalled, UploadTooLarge
from api.http_metrics import requests
from api.problem_kinds import TABLE

log = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")
FORM_OVERHEAD_BYTES = 64 << 10  # form fields and boundaries
MAX_JSON_BYTES = 1 << 20
MIN_BYTES_PER_S = 1024  # on average, besides the time without data: a drop each minute is no upload

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline';"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOCUMENTS_POLICY = f"{PAGE_POLICY}; script-src 'self' 'unsafe-inline'"  # Swagger UI starts in the page


def _policy(path: str) -> str:
    return DOCUMENTS_POLICY if path in ("/docs", "/redoc") else PAGE_POLICY


def current_request_id() -> str:
    """Return the id of the current request, set by ``asgi_correlation_id``, or ``-`` outside a request."""
    return correlation_id.get() or "-"


def is_valid_request_id(text: str) -> bool:
    """Return whether an id given by the client is safe for headers and logs."""
    return _VALID_ID.fullmatch(text) is not None


class RequestContext:
    """Write a log line and metrics for each request, and return unexpected errors as problems."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, count it and log how it ended."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status, streamed = time.perf_counter(), 0, False
        scope.setdefault("state", {})["arrived"] = started
        request = f"{scope['method']} {quote(scope['path'])}"  # a path may contain line breaks

        async def send_with_headers(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS | {"Content-Security-Policy": _policy(scope["path"])})
                headers.update(scope["state"].get("extra_headers", {}))
                streamed = headers.get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("%s failed", request)
            if status:
                raise  # part of the response was sent; the server closes the connection
            problem = problems.unexpected(scope["path"], current_request_id())
            await problem(scope, receive, send_with_headers)
        finally:
            duration_s = time.perf_counter() - started
            method = scope["method"] if scope["method"] in METHODS else "other"
            if not streamed:  # a stream lasts as long as its client wants
                requests.labels(method, status).observe(duration_s)
            log.info("%s %d %.1f ms", request, status, duration_s * 1e3)


class BodyLimit:
    """Limit the size of a request body, whatever its header states, and the time without data.

    Uploads are spooled to disk; other bodies are held in memory. ``limits`` gives the larger limits by path,
    or by the end of a path after ``*``.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: dict[str, int],
        stalled_after_s: float,
        bytes_per_s: float = MIN_BYTES_PER_S,
    ) -> None:
        self.app, self.limits = app, limits
        self.stalled_after_s, self.bytes_per_s = stalled_after_s, bytes_per_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; refuse a body above the limit of its path."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = self._limit(scope["path"])
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > limit + FORM_OVERHEAD_BYTES:
            problem = problems.response(TABLE[UploadTooLarge], str(UploadTooLarge(limit)), scope["path"])
            return await problem(scope, receive, send)
        await self.app(scope, self._limited(receive, limit), send)

    def _limit(self, path: str) -> int:
        by_end = (self.limits[known] for known in self.limits if known[0] == "*" and path.endswith(known[1:]))
        return self.limits.get(path) or next(by_end, MAX_JSON_BYTES)

    def _limited(self, receive: Receive, limit: int) -> Receive:
        received, more, started = 0, True, time.monotonic()

        async def receive_limited() -> Message:
            nonlocal received, more
            if not more:  # the wait for a disconnect has no time limit
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self.stalled_after_s)
            except TimeoutError:
                raise UploadStalled(self.stalled_after_s) from None
            received, more = received + len(message.get("body", b"")), message.get("more_body", False)
            if received > limit + FORM_OVERHEAD_BYTES:
                raise UploadTooLarge(limit)
            if more and time.monotonic() - started > self.stalled_after_s + received / self.bytes_per_s:
                raise UploadStalled(self.stalled_after_s)
            return message

        return receive_limited
