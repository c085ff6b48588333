"""The image store: objects (bytes under a key) in a folder or an S3 bucket, chosen by URL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from db.errors import BackendUnknown


class ImageStore(Protocol):
    """The interface of both stores. Writes are atomic: an object is created or replaced as a whole."""

    def __hash__(self) -> int: ...

    def put(self, key: str, stream: BinaryIO) -> int:
        """Store all bytes of ``stream`` under ``key``; return their number."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open an object as a seekable binary file, which the caller closes.

        Raises:
            ObjectMissing: there is no such object.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete the object, if it exists."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether there is an object under ``key``."""
        ...

    def size(self, key: str) -> int:
        """Return the size of the object in bytes.

        Raises:
            ObjectMissing: there is no such object.
        """
        ...

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        """Return a URL that accepts a PUT of this object without credentials for a limited time.

        Raises:
            UploadsOnlyThroughApi: the store does not support presigned uploads.
        """
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """Return the keys that start with ``prefix``, sorted."""
        ...

    def ping(self) -> None:
        """Raise an error if the store does not respond."""
        ...


def open_store(url: str) -> ImageStore:
    """Open the store of a URL: ``file:///FOLDER`` or ``minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0``.

    Raises:
        BackendUnknown: the URL is malformed or names another kind of store.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        from db.folder_store import FolderStore

        return FolderStore.from_url(url)
    if scheme == "minio":
        from db.s3_store import S3Store

        return S3Store.from_url(url)
    raise BackendUnknown(
        f"XEBRA_IMAGES_URL: the image store '{scheme}' is not supported; use file:// or minio://"
    )
