"""The image store: bytes under keys, opened by URL as a folder or an S3 bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from db.errors import BackendUnknown

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class ImageStore(Protocol):
    """What both stores do; an object appears whole or not at all, and is replaced in one step."""

    def put(self, key: str, stream: BinaryIO) -> int:
        """Keep all bytes of ``stream`` under ``key``; the number of bytes."""

    def open(self, key: str) -> BinaryIO:
        """A seekable binary file, to be closed by the caller; raises ``ObjectMissing``."""

    def delete(self, key: str) -> None:
        """Forget the object; nothing happens where there is none."""

    def exists(self, key: str) -> bool:
        """Whether there is an object under ``key``."""

    def size(self, key: str) -> int:
        """How many bytes the object has; raises ``ObjectMissing``."""

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        """A URL to which anybody may PUT this object for a while; raises ``UploadsOnlyThroughApi``."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """The keys that begin with ``prefix``, sorted."""

    def ping(self) -> None:
        """Raise unless the store answers."""


def open_store(url: str) -> ImageStore:
    """The store that ``url`` names: ``file:///FOLDER`` or ``minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0``."""
    scheme = urlsplit(url).scheme
    if scheme == "file":
        from db.folder_store import FolderStore

        return FolderStore.at(url)
    if scheme == "minio":
        from db.s3_store import S3Store

        return S3Store.at(url)
    raise BackendUnknown(f"XEBRA_IMAGES_URL: no image store for '{scheme}'; use file:// or minio://")


def checked(key: str) -> str:
    """The key, if it is one: names of letters, digits, dots and dashes, joined by slashes."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of the image store")
    return key
