"""Memory that this process and a Triton server on the same host both see.

A region loses its name once the server has mapped it, so that /dev/shm keeps nothing, however a process ends.
Whether its owner still lives is told by an abstract socket of the same name, which the kernel closes with the
process.
"""

from __future__ import annotations

import mmap
import os
import socket
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

PLACE, PREFIX = Path("/dev/shm"), "xebra-memory-"
AWAY = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED")


class NotShared(Exception):
    """The server sees no memory of ours; the message says why."""


class Region:
    """Bytes that this process and the server both see."""

    def __init__(self, client: InferenceServerClient, size: int, deadline_s: float) -> None:
        """Raises ``NotShared``, or InferenceServerException where the server is away."""
        self.name, self.size = f"{PREFIX}{uuid.uuid4().hex}", size
        with refusals_in_words():
            self._alive = _claimed(self.name)
            self._share(client, deadline_s)

    def _share(self, client: InferenceServerClient, deadline_s: float) -> None:
        file, size = PLACE / self.name, self.size
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)  # to write where there is no room would kill the process
            self._bytes = mmap.mmap(descriptor, size)
            client.register_system_shared_memory(self.name, f"/{self.name}", size, client_timeout=deadline_s)
        finally:
            os.close(descriptor)
            file.unlink()

    def array(self, shape: tuple[int, ...], dtype: np.dtype, offset: int) -> np.ndarray:
        """A view of some of the bytes."""
        return np.ndarray(shape, dtype, self._bytes, offset)


@contextmanager
def refusals_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotShared(str(error)) from error
    except InferenceServerException as error:
        if error.status() in AWAY:
            raise
        raise NotShared(error.message()) from error


def left_by_the_dead(names: Iterable[str]) -> set[str]:
    """Those whose owners have ended."""
    return {name for name in names if name.startswith(PREFIX) and not _lives(name)}


def remove_names_of_the_dead() -> None:
    """Of owners that were killed just before they took them off."""
    for name in left_by_the_dead(file.name for file in PLACE.iterdir()):
        (PLACE / name).unlink(missing_ok=True)


def _claimed(name: str) -> socket.socket:
    """A socket that nobody talks to; its name is taken for as long as this process lives."""
    alive = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    alive.bind(f"\0{name}")
    return alive


def _lives(name: str) -> bool:
    try:
        _claimed(name).close()
    except OSError:
        return True
    return False
