"""A server that is asked through a door which refuses each request once before it lets it pass."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3
from support.servers import LOOPBACK

UNAVAILABLE = 503
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@contextlib.contextmanager
def flaky_proxy(server: str) -> Iterator[str]:
    """Address (host:port) of such a door to ``server``."""
    refused: set[tuple[str, str]] = set()
    pool = urllib3.PoolManager()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = (self.command, self.path)
            if request in refused:
                self._pass_on(body)
            else:
                refused.add(request)
                self._say(UNAVAILABLE, {"Retry-After": "3600"}, b"")

        def _pass_on(self, body: bytes) -> None:
            url, headers = f"http://{server}{self.path}", dict(self.headers)
            answer = pool.request(
                self.command, url, body=body, headers=headers, decode_content=False, retries=False
            )
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = answer.headers.get("Content-Length", "0")
            self._say(answer.status, kept, answer.data)

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer((LOOPBACK, 0), Door) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"{LOOPBACK}:{door.server_address[1]}"
        door.shutdown()
