"""The client of the decoding server: one server for each process, started at the first file."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from threading import Event, Lock
from typing import Any

from xebra.readers.decoding_server import READY, REQUEST_BYTES

START_S = 60.0  # a busy machine may need long to import the readers
GRACE_S = 5.0  # for a server that is slow to kill a child; then the server itself is killed
EXIT_S = 0.05  # between the end of the server's connections and its own
POLL_S = 0.1  # of the cancellation


class DecodingClient:
    """A server, and the connections to its children; a server that has ended is started again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, request: dict[str, Any], source: int, target: int, wall_s: float, cancelled: Event | None
    ) -> bytes:
        """Return the response to a request, empty if its process ended without one.

        Raises:
            TimeoutError: it took longer than ``wall_s``.
            CancelledError: ``cancelled`` was set in the meantime.
        """
        whole = json.dumps(request).encode()
        process, answer = self._run(whole, source, target, wall_s, cancelled)
        if not answer and _has_ended(process):  # the server, not the file's own process
            _, answer = self._run(whole, source, target, wall_s, cancelled)
        return answer

    def start(self) -> None:
        """Start the server, so that the first file does not wait for it."""
        with self._lock:
            self._running()

    def _run(
        self, request: bytes, source: int, target: int, wall_s: float, cancelled: Event | None
    ) -> tuple[subprocess.Popen[bytes], bytes]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = self._send(request, source, target, theirs.fileno())
            deadline = time.monotonic() + wall_s
            try:
                answer = _receive(ours, deadline + GRACE_S, cancelled)
            except TimeoutError:
                self._replace(process)
                raise
        if not answer and time.monotonic() >= deadline:
            raise TimeoutError
        return process, answer

    def _send(self, request: bytes, source: int, target: int, connection: int) -> subprocess.Popen[bytes]:
        if len(request) > REQUEST_BYTES:
            raise ValueError(f"a request of {len(request)} bytes is too long; shorten the names in it")
        reading, writing = os.pipe()
        try:
            with open(writing, "wb") as file:
                file.write(request)
            with self._lock:
                return self._hand_over((reading, source, target, connection))
        finally:
            os.close(reading)

    def _hand_over(self, descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
        process, control = self._running()
        try:
            socket.send_fds(control, [b"."], descriptors)
        except OSError:  # it ended since
            self._stop()
            process, control = self._running()
            socket.send_fds(control, [b"."], descriptors)
        return process

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        if self._process is None or self._control is None or self._process.poll() is not None:
            self._stop()
            self._control, theirs = socket.socketpair()
            self._control.settimeout(START_S)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "xebra.readers.decoding_server", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=_environment(),
                )
            if self._control.recv(1) != READY:
                raise OSError(
                    "the decoding server did not start; run python -m xebra.readers.decoding_server 0"
                )
            self._control.settimeout(GRACE_S)
        return self._process, self._control

    def _replace(self, process: subprocess.Popen[bytes]) -> None:
        """Stop a server that does not respond, unless another thread has."""
        with self._lock:
            if self._process is process:
                self._stop()

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()  # it ends with its children
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._control = self._process = None


def server() -> DecodingClient:
    """Return the client of this process; a forked process gets one of its own."""
    return _client_of(os.getpid())


@functools.lru_cache(maxsize=1)
def _client_of(_pid: int) -> DecodingClient:
    return DecodingClient()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(EXIT_S)
    return process.returncode is not None


def _receive(connection: socket.socket, deadline: float, cancelled: Event | None) -> bytes:
    """Return everything up to the end of the stream, which the server closes when the child has ended."""
    connection.setblocking(False)
    chunks: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if cancelled is not None and cancelled.is_set():
                raise CancelledError
            if selector.select(POLL_S):
                with contextlib.suppress(ConnectionResetError):
                    if chunk := connection.recv(1 << 16):
                        chunks.append(chunk)
                        continue
                return b"".join(chunks)
    raise TimeoutError


def _environment() -> dict[str, str]:
    """Single threads, and no setting that may be a secret."""
    kept = {k: os.environ[k] for k in ("PATH", "PYTHONPATH", "LANG") if k in os.environ}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TIFFFILE_NUM_THREADS")
    return {**kept, **dict.fromkeys(threads, "1")}
