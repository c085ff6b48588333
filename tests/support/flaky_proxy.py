"""A proxy that refuses each request once before it forwards it."""

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
    """Start a proxy to ``server``; return its address (host:port)."""
    refused: set[tuple[str, str]] = set()
    pool = urllib3.PoolManager()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = (self.command, self.path)
            if request in refused:
                self._forward(body)
            else:
                refused.add(request)
                self._respond(UNAVAILABLE, {"Retry-After": "3600"}, b"")

        def _forward(self, body: bytes) -> None:
            url, headers = f"http://{server}{self.path}", dict(self.headers)
            response = pool.request(
                self.command, url, body=body, headers=headers, decode_content=False, retries=False
            )
            kept = {name: value for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = response.headers.get("Content-Length", "0")
            self._respond(response.status, kept, response.data)

        def _respond(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer((LOOPBACK, 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"{LOOPBACK}:{proxy.server_address[1]}"
        proxy.shutdown()
