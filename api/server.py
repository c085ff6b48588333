"""The HTTP server of the API (``python -m api.server``): uvicorn with limits for the headers of a request."""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.events.refusals import refused_streams

HEADERS_WITHIN_S = 15.0  # after the connection was opened, or the request begun
MAX_HEADER_BYTES = 32 << 10
SWITCH_INTERVAL_S = 0.0001  # the wait of each step of the event loop beside a busy thread; usual: 5 ms
SHUTDOWN_TIMEOUT_S = 3  # event streams never end by themselves
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol that closes connections whose headers are too long or do not arrive in time."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_bytes: int | None = 0  # None: the headers are complete
        self._deadline: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the headers of the first request."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of headers that are not complete."""
        super().data_received(data)
        if self._header_bytes is not None:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._close(TOO_LARGE)

    def on_message_begin(self) -> None:
        """Expect the headers of a further request on this connection."""
        if self._header_bytes is None:
            self._expect_headers()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Cancel the deadline: the body has one of its own. Refuse streams of keys that have too many."""
        self._header_bytes = None
        self._cancel()
        path = self.url.partition(b"?")[0]
        refusal = refused_streams.response(self.parser.get_method(), path, self.headers)
        if refusal is None:
            super().on_headers_complete()
        else:
            self._refused = True
            self._close(refusal)

    def on_body(self, body: bytes) -> None:
        """Ignore the body of a refused request."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Ignore the end of a refused request."""
        if not self._refused:
            super().on_message_complete()

    def _expect_headers(self) -> None:
        self._header_bytes = 0
        self._cancel()
        self._deadline = self.loop.call_later(HEADERS_WITHIN_S, self._close, TIMED_OUT)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self, answer: bytes) -> None:
        self._cancel()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def main() -> None:
    """Serve the API until SIGTERM."""
    parser = argparse.ArgumentParser("python -m api.server", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    arguments = parser.parse_args()
    _raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    uvicorn.run(
        "api.main:create_app",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        http=LimitedProtocol,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )


def _raise_file_limit() -> None:
    """Allow as many connections as the system permits; the usual limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
