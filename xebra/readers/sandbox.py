"""Read a file of unknown origin in a process of its own, with limits on memory, processor time and wall time.

The process is forked from a decoding server (``xebra.readers.decoding_server``), which has imported the
readers already, so that a small file costs some milliseconds. It has no network where the system lets it
give that up (a network namespace of its own, on Linux), gets an open file, and writes pixels to another: it
gets no path.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Event
from typing import Any, BinaryIO, cast

import numpy as np

from xebra import errors
from xebra.errors import ImageChoiceNeeded, ImageUnreadable
from xebra.image_files import UNKNOWN, Contents, FileInfo, Selected, media_type_of
from xebra.pixel_spacing import Spacing
from xebra.readers.channel import Channel
from xebra.readers.decoding_client import server
from xebra.readers.decoding_server import too_costly

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one file may cost."""

    memory_bytes: int = 6 << 30  # address space: decoded pixels, their source, and the libraries (0.5 GiB)
    cpu_s: int = 30
    wall_s: float = 60.0


def read(
    file: BinaryIO,
    name: str,
    *,
    channel: str | int | None = None,
    frame: int | None = None,
    level: int | None = None,
    limits: Limits | None = None,
    cancelled: Event | None = None,
) -> Contents:
    """Read one image as ``xebra.image_files.read`` does, in another process; the pixels are read-only.

    A ``file`` without a descriptor is copied. Raises what that function raises, ImageUnreadable where a limit
    is reached, and CancelledError soon after ``cancelled`` is set.
    """
    wanted = {"channel": channel, "frame": frame, "level": level}
    with _shared_file() as target:
        request = {"what": "read", **wanted}
        response = _run(file, name, request, target, limits or Limits(), cancelled)
        pixels = _pixels(target, np.dtype(response["dtype"]), response["shape"])
    spacing = response["spacing"] and Spacing(**response["spacing"])
    return Contents(pixels, spacing, Selected.from_json(response["selected"]))


def inspect(
    file: BinaryIO, name: str, *, limits: Limits | None = None, cancelled: Event | None = None
) -> FileInfo:
    """List what a file holds as ``xebra.image_files.inspect`` does, in another process."""
    with _shared_file() as target:
        response = _run(file, name, {"what": "inspect"}, target, limits or Limits(), cancelled)
    return FileInfo.from_json(response)


def _run(
    file: BinaryIO,
    name: str,
    request: dict[str, Any],
    target: BinaryIO,
    limits: Limits,
    cancelled: Event | None,
) -> dict[str, Any]:
    """Have the file decoded and return the response; raise the error that it describes."""
    with _folder_for(file) as folder, _with_descriptor(file) as source:
        request = {**request, "name": name, "folder": folder, **asdict(limits)}
        try:
            answer = server().run(request, source.fileno(), target.fileno(), limits.wall_s, cancelled)
        except TimeoutError:
            raise ImageUnreadable(too_costly(name, f"{limits.wall_s:g} s")) from None
    return _response(answer, name, limits)


def _response(answer: bytes, name: str, limits: Limits) -> dict[str, Any]:
    try:
        response = json.loads(answer)
    except ValueError:
        response = None
    if not isinstance(response, dict):  # killed by a limit, or by a fault of a decoder
        raise ImageUnreadable(too_costly(name, f"{limits.cpu_s} s and {limits.memory_bytes // MIB} MiB"))
    if "error" not in response:
        return response
    kind = getattr(errors, response["error"], ImageUnreadable)
    if kind is ImageChoiceNeeded:
        raise ImageChoiceNeeded(response["message"], [Channel.from_json(c) for c in response["choices"]])
    raise kind(response["message"])


@contextlib.contextmanager
def _folder_for(file: BinaryIO) -> Iterator[str | None]:
    """Yield a folder for the copies of a reader; None for TIFF and pictures, whose readers make none."""
    file.seek(0)
    start = file.read(8)
    if media_type_of(start) != UNKNOWN:
        yield None
        return
    with TemporaryDirectory(prefix="xebra-") as folder:
        yield folder


def _shared_file() -> BinaryIO:
    """Return a file without a name, in memory where the system has such files."""
    if not hasattr(os, "memfd_create"):
        return cast(BinaryIO, TemporaryFile())
    return os.fdopen(os.memfd_create("xebra", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b")


def _pixels(target: BinaryIO, dtype: np.dtype, shape: list[int]) -> np.ndarray:
    """Return the pixels in a file, without a copy; nothing that another process does can change them."""
    if not hasattr(os, "memfd_create"):
        target.seek(0)
        return np.fromfile(target, dtype).reshape(shape)
    fcntl.fcntl(target, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    if not os.fstat(target.fileno()).st_size:
        return np.empty(shape, dtype)
    mapped = mmap.mmap(target.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, dtype).reshape(shape)


@contextlib.contextmanager
def _with_descriptor(file: BinaryIO) -> Iterator[BinaryIO]:
    """``file`` itself at its start, or a copy on disk; closing ``file`` is left to the caller."""
    file.seek(0)
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):
        with _copied(file) as copy:
            yield copy
        return
    if file.writable():
        file.flush()
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    yield file
    os.lseek(descriptor, position, os.SEEK_SET)  # which the other process shares and has changed


@contextlib.contextmanager
def _copied(file: BinaryIO) -> Iterator[BinaryIO]:
    with TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        copy.seek(0)
        yield copy
