"""A process that forks one child for each file to be decoded (``python -m xebra.readers.decoding_server``).

It has imported the readers and left the network before the first request, so that a child costs a fork. Some
children are forked in advance and have decoded images of ours, so that a file waits neither for the fork nor
for the copies of memory pages that follow it. Each child decodes one file and has its own limits. The server
kills it when its time is up, or when its client has closed its end.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import imagecodecs
import numpy as np

from xebra import image_files
from xebra.errors import ImageChoiceNeeded, RegistrationError

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
READY = b"r"
LIBC = ctypes.CDLL(None)
SPARE = 2  # children that wait for a file: as many as a pair has images
REFILL_AFTER_S = 0.01  # without an event: a fork would delay a second file
REQUEST_BYTES = 1 << 16  # the capacity of a pipe: the client can write it before anybody reads


class Handles(NamedTuple):
    """Descriptors that come with a request."""

    request: int  # the end of a pipe, JSON
    source: int
    target: int
    connection: int  # for the response, JSON


@dataclass
class Child:
    """A running child: its connection, and the time at which it is killed."""

    pid: int
    connection: int
    deadline: float


class Spare(NamedTuple):
    """A child that waits for a file, and the server's end of its socket."""

    pid: int
    socket: socket.socket


class DecodingServer:
    """The loop of the server, on a socket that brings the descriptors of one request with each byte."""

    def __init__(self, control: socket.socket) -> None:
        self.control, self.children, self.spares = control, dict[int, Child](), list[Spare]()
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ)
        wakeup, woken = socket.socketpair()  # SIGCHLD ends a wait
        for end in (wakeup, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(wakeup, selectors.EVENT_READ)
        self.inherited = (wakeup, woken)

    def run(self) -> None:
        """Serve requests until the client has closed its end."""
        self._refill()
        self.control.sendall(READY)
        while True:
            events = self.selector.select(self._next_deadline_s())
            for key, _ in events:
                if key.fileobj is self.control:
                    if not self._accept():
                        return self._kill_all()
                elif isinstance(key.fileobj, socket.socket):
                    key.fileobj.recv(4096)
                else:  # the client has closed a connection: it does not wait for this file any more
                    self._kill(key.fd)
            self._reap()
            if not events:
                self._refill()

    def _next_deadline_s(self) -> float | None:
        now = time.monotonic()
        deadlines = [child.deadline for child in self.children.values()]
        first = min([*deadlines, now + REFILL_AFTER_S if len(self.spares) < SPARE else float("inf")])
        return max(0.0, first - now) if first < float("inf") else None

    def _accept(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self.control, 1, len(Handles._fields))
        if not data:
            return False
        handles = Handles(*descriptors)
        with open(handles.request, "rb") as file:
            request = json.load(file)
        pid = self._hand_to_spare(request, handles) or self._fork(request, handles)
        for descriptor in (handles.source, handles.target):
            os.close(descriptor)
        self.children[handles.connection] = Child(
            pid, handles.connection, time.monotonic() + request["wall_s"]
        )
        self.selector.register(handles.connection, selectors.EVENT_READ)
        return True

    def _fork(self, request: dict[str, Any], handles: Handles) -> int:
        """Fork a child for a file; return its process id."""
        pid = os.fork()
        if pid == 0:
            try:
                self._leave_server()
                _respond(request, handles)
            finally:
                os._exit(0)
        return pid

    def _hand_to_spare(self, request: dict[str, Any], handles: Handles) -> int | None:
        """Hand a file to a child that waits for one; return its process id, None if there is none."""
        while self.spares:
            spare = self.spares.pop(0)
            with spare.socket as end, contextlib.suppress(OSError):  # it was killed
                socket.send_fds(end, [json.dumps(request).encode()], handles[1:])
                return spare.pid
            os.waitpid(spare.pid, 0)
        return None

    def _refill(self) -> None:
        """Fork children that wait for a file."""
        while len(self.spares) < SPARE:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            pid = os.fork()
            if pid == 0:
                try:
                    ours.close()
                    self._leave_server()
                    _wait_for_file(theirs)
                finally:
                    os._exit(0)
            theirs.close()
            self.spares.append(Spare(pid, ours))

    def _leave_server(self) -> None:
        """Close what a child has inherited of the server, and end with it."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        for end in (self.control, *self.inherited, *(spare.socket for spare in self.spares)):
            end.close()
        for other in self.children.values():
            os.close(other.connection)
        _die_with_server()

    def _reap(self) -> None:
        for child in [*self.children.values()]:
            if time.monotonic() >= child.deadline:
                os.kill(child.pid, signal.SIGKILL)
                child.deadline = float("inf")
            ended, _ = os.waitpid(child.pid, os.WNOHANG)
            if ended:
                self.selector.unregister(child.connection)
                os.close(child.connection)
                del self.children[child.connection]

    def _kill(self, connection: int) -> None:
        if connection in self.children:
            os.kill(self.children[connection].pid, signal.SIGKILL)

    def _kill_all(self) -> None:
        for connection in self.children:
            self._kill(connection)


def _wait_for_file(server: socket.socket) -> None:
    """Decode images of ours, then the one file that the server hands over; end if the server does."""
    _decode_samples()
    data, descriptors, _, _ = socket.recv_fds(server, REQUEST_BYTES, len(Handles._fields) - 1)
    server.close()
    if data:
        _respond(json.loads(data), Handles(-1, *descriptors))


def _respond(request: dict[str, Any], handles: Handles) -> None:
    """Decode a file within its limits, and send the response."""
    signal.setitimer(signal.ITIMER_REAL, request["wall_s"])  # where the server cannot kill it
    _limit(request["memory_bytes"], request["cpu_s"])
    if request["folder"]:
        tempfile.tempdir = os.environ["TMPDIR"] = os.environ["HOME"] = request["folder"]
    response = json.dumps(_do(request, handles)).encode()
    with socket.socket(fileno=handles.connection) as connection:
        connection.sendall(response)
        connection.shutdown(socket.SHUT_WR)  # the client need not wait for the end of this process


def _do(request: dict[str, Any], handles: Handles) -> dict[str, Any]:
    try:
        with open(handles.source, "rb", closefd=False) as file:
            file.seek(0)
            if request["what"] == "inspect":
                return image_files.inspect(file, request["name"]).to_json()
            wanted = {key: request[key] for key in ("channel", "frame", "level")}
            contents = image_files.read(file, request["name"], **wanted)
        return _written(contents, handles.target)
    except ImageChoiceNeeded as error:
        choices = [channel.to_json() for channel in error.choices]
        return {"error": "ImageChoiceNeeded", "message": str(error), "choices": choices}
    except RegistrationError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        message = too_costly(request["name"], "the memory that it may take")
        return {"error": "ImageUnreadable", "message": message}


def _written(contents: image_files.Contents, target: int) -> dict[str, Any]:
    """Write the pixels to an open file; the rest is the response."""
    pixels, spacing, selected = contents
    with open(target, "wb", closefd=False) as file:
        for row in pixels:
            file.write(np.ascontiguousarray(row).data)
    return {
        "dtype": pixels.dtype.str,
        "shape": list(pixels.shape),
        "spacing": spacing and spacing._asdict(),
        "selected": selected.to_json(),
    }


def too_costly(name: str, limit: str) -> str:
    """Return the message for a file that reached a limit."""
    return (
        f"{name}: the file could not be read within {limit}. It is damaged or larger than Xebra takes; "
        "save the image to be registered as a file of its own."
    )


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))


def _warm_up() -> None:
    """Import the decoders, so that the children find them."""
    _decode_samples()
    gc.freeze()  # a collection in a child would copy every page


def _decode_samples() -> None:
    """Decode an image of each usual format."""
    pixels = np.arange(4096, dtype=np.uint8).reshape(64, 64)
    tiff = io.BytesIO()
    image_files.write_tiff(tiff, pixels)
    for file in (tiff, io.BytesIO(imagecodecs.png_encode(pixels))):
        image_files.read(file, "warm-up")


def _die_with_server() -> None:
    """Have the kernel kill this process when the server ends (Linux only)."""
    if sys.platform.startswith("linux"):
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_network() -> None:
    """Enter a network namespace without interfaces. Where the system forbids it, nothing is lost but this."""
    try:
        unshare = LIBC.unshare
    except AttributeError:
        return
    if unshare(CLONE_NEWNET) != 0:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)


def main() -> None:
    """Serve the socket whose descriptor is the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client, which closes the socket
    _leave_network()
    _warm_up()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        DecodingServer(control).run()


if __name__ == "__main__":
    main()
