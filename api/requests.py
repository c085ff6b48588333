"""Every request has an id, a line in the log, a limit to its body and an answer, whatever happens inside."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from contextvars import ContextVar
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.errors import UploadStalled, UploadTooLarge
from api.measured import requests
from api.problem_kinds import TABLE

log = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")
AROUND_THE_FILE = 64 << 10  # form fields and boundaries
LARGEST_JSON = 1 << 20


class Requests:
    """ASGI middleware: gives the id, writes the line, turns the unforeseen into a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id.set(_id_of(scope))
        started, status = time.perf_counter(), 0
        scope.setdefault("state", {})["arrived"] = started
        asked = f"{scope['method']} {quote(scope['path'])}"  # a path may hold line breaks

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id.get()
                headers["X-Content-Type-Options"] = "nosniff"
                headers.update(scope["state"].get("more_headers", {}))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            log.exception("%s failed", asked)
            if status:
                raise  # half an answer is on its way; the server cuts the connection
            await problems.unexpected(scope["path"], request_id.get())(scope, receive, send_with_id)
        finally:
            took = time.perf_counter() - started
            requests.labels(scope["method"] if scope["method"] in METHODS else "other", status).observe(took)
            log.info("%s %d %.1f ms", asked, status, took * 1e3)


class BodyLimit:
    """ASGI middleware: stops reading a body at the limit, whatever its header promised, or once it stalls.

    Only uploads go to disk as they come; other bodies are held in memory. ``limits`` names the larger ones.
    """

    def __init__(self, app: ASGIApp, limits: dict[str, int], stalled_after_s: float) -> None:
        self.app, self.limits, self.stalled_after_s = app, limits, stalled_after_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = self.limits.get(scope["path"], LARGEST_JSON)
        promised = Headers(scope=scope).get("content-length", "0")
        if promised.isdigit() and int(promised) > limit + AROUND_THE_FILE:
            detail = str(UploadTooLarge(limit))
            refused = problems.answer(TABLE[UploadTooLarge], detail, scope["path"])
            return await refused(scope, receive, send)
        await self.app(scope, self._limited(receive, limit), send)

    def _limited(self, receive: Receive, limit: int) -> Receive:
        received, more = 0, True

        async def receive_limited() -> Message:
            nonlocal received, more
            if not more:  # whoever listens for the client to hang up may wait as long as the answer takes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self.stalled_after_s)
            except TimeoutError:
                raise UploadStalled(self.stalled_after_s) from None
            received, more = received + len(message.get("body", b"")), message.get("more_body", False)
            if received > limit + AROUND_THE_FILE:
                raise UploadTooLarge(limit)
            return message

        return receive_limited


def _id_of(scope: Scope) -> str:
    """The id that the client gave, if it is a harmless one, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
