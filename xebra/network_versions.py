"""Adapted versions of the networks: a folder of them on this machine, and engines that stay open."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from xebra.align import Aligner
from xebra.errors import EngineFailed
from xebra.weights import weights

MOST_OPEN = 4  # versions whose engines stay open; the one that was not used for longest is closed
SERVED = ("config.json", "model.onnx")  # of a networks folder; the rest is for training and tests


class Version(Protocol):
    """What identifies a version."""

    @property
    def id(self) -> str:
        """Return its id, which results name."""

    @property
    def weights_sha256(self) -> str:
        """Return the SHA-256 over the graphs of its network."""

    @property
    def archive_sha256(self) -> str:
        """Return the SHA-256 of the archive of its folder."""


class VersionedAligners:
    """Aligners by version, opened from archives whose hash is checked. Thread-safe."""

    def __init__(self, inference_url: str | None, folder: Path, most_open: int = MOST_OPEN) -> None:
        """Run versions on this engine; ``folder`` keeps their files between processes."""
        self._inference_url, self._folder, self._most_open = inference_url, folder, most_open
        self._open: OrderedDict[tuple[str, str], Aligner] = OrderedDict()
        self._opening = threading.Lock()

    def get(self, version: Version, read: Callable[[], bytes]) -> Aligner:
        """Return the aligner of a version; ``read`` returns its archive where it is not open.

        Raises:
            EngineFailed: the archive was altered.
        """
        key = (version.id, version.archive_sha256)
        with self._opening:
            if key not in self._open:
                self._open[key] = self._opened(version, read())
            self._open.move_to_end(key)
            while len(self._open) > self._most_open:
                self._open.popitem(last=False)
            return self._open[key]

    def _opened(self, version: Version, archive: bytes) -> Aligner:
        folder = unpack(archive, version.archive_sha256, self._folder)
        if weights(None, folder).sha256 != version.weights_sha256:
            raise EngineFailed(f"version {version.id} has other weights than recorded; restore its archive")
        return Aligner(self._inference_url, folder, version.id)


def unpack(archive: bytes, sha256: str, parent: Path, every_file: bool = False) -> Path:
    """Return a folder of networks with the content of an archive, named after its hash.

    Args:
        archive: The bytes of a zip file.
        sha256: Their expected hash.
        parent: Where the folder is or will be; several processes may unpack at once.
        every_file: Also what only training and tests need.

    Raises:
        EngineFailed: the archive has another hash.
    """
    if hashlib.sha256(archive).hexdigest() != sha256:
        raise EngineFailed("the stored archive of a network was altered; restore it from the back-up")
    folder = parent / sha256
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for name in files.namelist():
            if every_file or Path(name).name in SERVED:
                _write(folder, name, files.read(name))
    return folder


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file of the archive unless it is there with this content, replacing it as a whole."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise EngineFailed(f"the archive of a network has a file outside of its folder: {name!r}")
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{uuid4().hex}")
    part.write_bytes(content)
    os.replace(part, path)
