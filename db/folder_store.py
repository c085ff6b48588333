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
from db.store import checked

UNFINISHED = ".unfinished"
LEFT_AFTER_S = 24 * 3600
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.ESTALE}


class FolderStore:
    """Each object is a file; it is written aside, brought to disk and renamed into place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / UNFINISHED).mkdir(parents=True, exist_ok=True)
        _remove_what_was_left(root / UNFINISHED)

    @classmethod
    def at(cls, url: str) -> FolderStore:
        """``file:///absolute/folder``."""
        parts = urlsplit(url)
        if parts.netloc or not parts.path.startswith("/"):
            raise BackendUnknown(f"XEBRA_IMAGES_URL: {url} is no folder; write file:///ABSOLUTE/FOLDER")
        return cls(Path(unquote(parts.path)))

    def put(self, key: str, stream: BinaryIO) -> int:
        place = self._place(key)
        aside = self.root / UNFINISHED / uuid.uuid4().hex
        with _in_words():
            try:
                size = _write(aside, stream)
                place.parent.mkdir(parents=True, exist_ok=True)
                aside.replace(place)
            finally:
                aside.unlink(missing_ok=True)
            _sync_folder(place.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        try:
            return self._place(key).open("rb")
        except (FileNotFoundError, IsADirectoryError):
            raise ObjectMissing(f"the image store holds no '{key}'") from None
        except OSError as error:
            raise StoreUnavailable(f"the image folder cannot be read: {error.strerror}") from error

    def delete(self, key: str) -> None:
        self._place(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        return self._place(key).is_file()

    def size(self, key: str) -> int:
        if not self.exists(key):
            raise ObjectMissing(f"the image store holds no '{key}'")
        return self._place(key).stat().st_size

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        raise UploadsOnlyThroughApi("the images lie in a folder: upload them through the API")

    def list(self, prefix: str = "") -> Iterator[str]:
        below = self.root / prefix if prefix.endswith("/") else self.root
        files = (path.relative_to(self.root) for path in below.rglob("*") if path.is_file())
        keys = (file.as_posix() for file in files if file.parts[0] != UNFINISHED)
        yield from sorted(key for key in keys if key.startswith(prefix))

    def ping(self) -> None:
        if not os.access(self.root, os.W_OK):
            raise OSError(f"the image folder {self.root} cannot be written")

    def _place(self, key: str) -> Path:
        return self.root / checked(key)


def _write(path: Path, stream: BinaryIO) -> int:
    """Bring all bytes to disk; how many there were."""
    with path.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """A disk that is full or away, as this room calls it; a cut connection of the stream's is neither."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise StoreUnavailable(f"the image folder takes nothing more: {error.strerror}") from error


def _remove_what_was_left(folder: Path) -> None:
    """Files of writers that were killed; what was written to lately may belong to one that lives."""
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removes it as well
            if file.stat().st_mtime < time.time() - LEFT_AFTER_S:
                file.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring the new name itself to disk, which survives a power cut only then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
