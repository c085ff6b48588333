"""Read a file of unknown origin in a process of its own, with limits on memory, processor time and wall time.

The process has no network where the system lets it give that up (a network namespace of its own, on Linux).
It gets an open file and writes pixels to another: it gets no path.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, BinaryIO

import numpy as np

from xebra import errors
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, RegistrationError
from xebra.image_files import Contents, FileInfo, Selected
from xebra.pixel_spacing import Spacing
from xebra.readers.channel import Channel

MIB = 1 << 20
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


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
) -> Contents:
    """Read one image as ``xebra.image_files.read`` does, in another process.

    A ``file`` without a descriptor is copied. Raises what that function raises, and ImageUnreadable where
    a limit is reached.
    """
    wanted = {"channel": channel, "frame": frame, "level": level}
    with TemporaryFile() as target:
        response = _run(file, name, {"what": "read", **wanted}, target, limits or Limits())
        target.seek(0)
        pixels = np.fromfile(target, np.dtype(response["dtype"])).reshape(response["shape"])
    selected = response["selected"]
    return Contents(
        pixels,
        response["spacing"] and Spacing(**response["spacing"]),
        Selected(**{**selected, "channel": Channel.from_json(selected["channel"])}),
    )


def inspect(file: BinaryIO, name: str, *, limits: Limits | None = None) -> FileInfo:
    """List what a file holds as ``xebra.image_files.inspect`` does, in another process."""
    with TemporaryFile() as target:
        response = _run(file, name, {"what": "inspect"}, target, limits or Limits())
    return FileInfo.from_json(response)


def _run(
    file: BinaryIO, name: str, request: dict[str, Any], target: BinaryIO, limits: Limits
) -> dict[str, Any]:
    """Run the process and return its answer; raise the error that it describes."""
    with _with_descriptor(file) as source, TemporaryDirectory(prefix="xebra-") as folder:
        request = {
            **request,
            "name": name,
            "source": source.fileno(),
            "target": target.fileno(),
            **asdict(limits),
        }
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "xebra.readers.sandbox"],
                input=json.dumps(request).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(source.fileno(), target.fileno()),
                timeout=limits.wall_s,
                env=_environment(folder),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ImageUnreadable(_too_costly(name, f"{limits.wall_s:g} s")) from error
    return _answer(done, name, limits)


def _answer(done: subprocess.CompletedProcess[bytes], name: str, limits: Limits) -> dict[str, Any]:
    try:
        response = json.loads(done.stdout)
    except ValueError:
        response = None
    if not isinstance(response, dict):  # killed by a limit, or by a fault of a decoder
        raise ImageUnreadable(_too_costly(name, f"{limits.cpu_s} s and {limits.memory_bytes // MIB} MiB"))
    if "error" not in response:
        return response
    kind = getattr(errors, response["error"], ImageUnreadable)
    if kind is ImageChoiceNeeded:
        raise ImageChoiceNeeded(response["message"], [Channel.from_json(c) for c in response["choices"]])
    raise kind(response["message"])


def _too_costly(name: str, limit: str) -> str:
    return (
        f"{name}: the file could not be read within {limit}. It is damaged or larger than Xebra takes; "
        "save the image to be registered as a file of its own."
    )


def _with_descriptor(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """``file`` itself, or a copy on disk; closing ``file`` is left to the caller."""
    file.seek(0)
    try:
        file.fileno()
    except (OSError, AttributeError):
        return _copied(file)
    if file.writable():
        file.flush()
    return _with_position(file)


@contextlib.contextmanager
def _with_position(file: BinaryIO) -> Iterator[BinaryIO]:
    """``file``; the position of its descriptor, which the process shares, is afterwards as it was.

    The buffer of ``file`` relies on that position.
    """
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    try:
        yield file
    finally:
        os.lseek(file.fileno(), position, os.SEEK_SET)


@contextlib.contextmanager
def _copied(file: BinaryIO) -> Iterator[BinaryIO]:
    with TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        copy.seek(0)
        yield copy


def _environment(folder: str) -> dict[str, str]:
    """Single threads, a folder for copies that ends with the process, and no setting that may be a secret."""
    kept = {k: os.environ[k] for k in ("PATH", "PYTHONPATH", "LANG") if k in os.environ}
    return {
        **kept,
        "TMPDIR": folder,
        "HOME": folder,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TIFFFILE_NUM_THREADS": "1",
    }


def main() -> None:
    """Apply the limits, read the file and write one line of JSON; the entry point of the process."""
    request = json.load(sys.stdin.buffer)
    _limit(request["memory_bytes"], request["cpu_s"])
    _leave_network()
    answer = _do(request)
    sys.stdout.write(json.dumps(answer))


def _do(request: dict[str, Any]) -> dict[str, Any]:
    from xebra import image_files

    try:
        with open(request["source"], "rb", closefd=False) as file:
            if request["what"] == "inspect":
                return image_files.inspect(file, request["name"]).to_json()
            wanted = {key: request[key] for key in ("channel", "frame", "level")}
            contents = image_files.read(file, request["name"], **wanted)
        return _written(contents, request["target"])
    except ImageChoiceNeeded as error:
        choices = [channel.to_json() for channel in error.choices]
        return {"error": "ImageChoiceNeeded", "message": str(error), "choices": choices}
    except RegistrationError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {
            "error": "ImageUnreadable",
            "message": _too_costly(request["name"], "the memory that it may take"),
        }


def _written(contents: Contents, target: int) -> dict[str, Any]:
    """Write the pixels to an open file; the rest is the answer."""
    pixels, spacing, selected = contents
    with open(target, "wb", closefd=False) as file:
        for row in pixels:
            file.write(np.ascontiguousarray(row).data)
    return {
        "dtype": pixels.dtype.str,
        "shape": list(pixels.shape),
        "spacing": spacing and spacing._asdict(),
        "selected": {**vars(selected), "channel": selected.channel.to_json()},
    }


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))


def _leave_network() -> None:
    """Enter a network namespace without interfaces. Where the system forbids it, nothing is lost but this."""
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return
    if unshare(CLONE_NEWNET) != 0:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)


if __name__ == "__main__":
    main()
