"""The image store in a folder."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from db.errors import BackendUnknown, ObjectMissing, StoreUnavailable, UploadsOnlyThroughApi
from db.object_keys import validate_key

TEMPORARY = ".unfinished"
STALE_AFTER_S = 24 * 3600
COPY_BYTES = 1 << 20
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.ESTALE}


class FolderStore:
    """Each object is a file, written under a temporary name, synchronized to disk and renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / TEMPORARY).mkdir(parents=True, exist_ok=True)
        _delete_stale_files(root / TEMPORARY)

    @classmethod
    def from_url(cls, url: str) -> FolderStore:
        """Open the folder of a URL of the form ``file:///ABSOLUTE/FOLDER``."""
        parts = urlsplit(url)
        if parts.netloc or not parts.path.startswith("/"):
            raise BackendUnknown(f"XEBRA_IMAGES_URL: {url} is not a folder; use file:///ABSOLUTE/FOLDER")
        return cls(Path(unquote(parts.path)))

    def put(self, key: str, stream: BinaryIO) -> int:
        """Store an object; see ``Store.put``."""
        path = self._path(key)
        temporary = self.root / TEMPORARY / uuid.uuid4().hex
        with translate_errors():
            try:
                size = _write(temporary, stream)
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        """Open an object; see ``Store.open``."""
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError):
            raise ObjectMissing(f"the image store has no object '{key}'") from None
        except OSError as error:
            raise StoreUnavailable(f"the image folder cannot be read: {error.strerror}") from error

    def delete(self, key: str) -> None:
        """Delete an object; see ``Store.delete``."""
        self._path(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """Return whether an object exists; see ``Store.exists``."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """Return the size of an object; see ``Store.size``."""
        if not self.exists(key):
            raise ObjectMissing(f"the image store has no object '{key}'")
        return self._path(key).stat().st_size

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        """Raise UploadsOnlyThroughApi: a folder has no URLs."""
        raise UploadsOnlyThroughApi("the images are stored in a folder: upload them through the API")

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a prefix; see ``Store.list``."""
        below = self.root / prefix if prefix.endswith("/") else self.root
        files = (path.relative_to(self.root) for path in below.rglob("*") if path.is_file())
        keys = (file.as_posix() for file in files if file.parts[0] != TEMPORARY)
        yield from sorted(key for key in keys if key.startswith(prefix))

    def ping(self) -> None:
        """Raise OSError where the folder is not writable."""
        if not os.access(self.root, os.W_OK):
            raise OSError(f"the image folder {self.root} is not writable")

    def _path(self, key: str) -> Path:
        return self.root / validate_key(key)


def _write(path: Path, stream: BinaryIO) -> int:
    """Write all bytes and synchronize them to disk; return their number."""
    with path.open("wb") as file:
        shutil.copyfileobj(stream, file, COPY_BYTES)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Raise ``StoreUnavailable`` for disk errors; pass on errors of the source stream."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise StoreUnavailable(f"the image folder cannot be written: {error.strerror}") from error


def _delete_stale_files(folder: Path) -> None:
    """Delete the temporary files of killed writers; recent files may belong to an active one."""
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process may delete it as well
            if file.stat().st_mtime < time.time() - STALE_AFTER_S:
                file.unlink()


def _sync_folder(folder: Path) -> None:
    """Synchronize the directory entry, so that the new name survives a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
