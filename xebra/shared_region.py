"""Shared memory of this process and a Triton server on the same host.

The file in /dev/shm is unlinked as soon as the server has mapped it, so that nothing remains after a crash.
An abstract socket of the same name tells whether the owner is alive: the kernel closes it with the process.
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

from xebra.arrays import Floats

SHM_FOLDER, PREFIX = Path("/dev/shm"), "xebra-memory-"
UNREACHABLE = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED")


class SharedMemoryUnavailable(Exception):
    """The server cannot map this process's shared memory; the message gives the reason."""


class Region:
    """Bytes that this process and the server have both mapped."""

    def __init__(self, client: InferenceServerClient, size: int, deadline_s: float) -> None:
        """Create and register a region of ``size`` bytes.

        Raises SharedMemoryUnavailable, or InferenceServerException where the server is unreachable.
        """
        self.name, self.size = f"{PREFIX}{uuid.uuid4().hex}", size
        with translate_errors():
            self._liveness = _bind_liveness_socket(self.name)
            self._register(client, deadline_s)

    def _register(self, client: InferenceServerClient, deadline_s: float) -> None:
        """Allocate and map the file, register it with the server and unlink it."""
        file, size = SHM_FOLDER / self.name, self.size
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)  # writing to unallocated pages of a full tmpfs is SIGBUS
            self._bytes = mmap.mmap(descriptor, size)
            client.register_system_shared_memory(self.name, f"/{self.name}", size, client_timeout=deadline_s)
        finally:
            os.close(descriptor)
            file.unlink()

    def array(self, shape: tuple[int, ...], dtype: np.dtype, offset: int) -> Floats:
        """Return an array on the region's bytes from ``offset``, without a copy."""
        return np.ndarray(shape, dtype, self._bytes, offset)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise SharedMemoryUnavailable for errors of the system and the server, unless it is unreachable."""
    try:
        yield
    except OSError as error:
        raise SharedMemoryUnavailable(str(error)) from error
    except InferenceServerException as error:
        if error.status() in UNREACHABLE:
            raise
        raise SharedMemoryUnavailable(error.message()) from error


def orphaned(names: Iterable[str]) -> set[str]:
    """Return the names of regions whose owners have ended."""
    return {name for name in names if name.startswith(PREFIX) and not _is_alive(name)}


def unlink_orphaned_files() -> None:
    """Unlink the files of owners that were killed before they unlinked them."""
    for name in orphaned(file.name for file in SHM_FOLDER.iterdir()):
        (SHM_FOLDER / name).unlink(missing_ok=True)


def _bind_liveness_socket(name: str) -> socket.socket:
    """Return a socket that holds an abstract name while this process lives; nothing connects to it."""
    liveness = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    liveness.bind(f"\0{name}")
    return liveness


def _is_alive(name: str) -> bool:
    """Return True where a process holds the name."""
    try:
        _bind_liveness_socket(name).close()
    except OSError:
        return True
    return False
