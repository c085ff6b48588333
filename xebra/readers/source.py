"""An open file that readers share, and a path for those that need one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO


@dataclass(frozen=True)
class Source:
    """``file`` is None for a folder, ``path`` is None for a file that has no place on disk."""

    name: str
    file: BinaryIO | None = None
    path: Path | None = None

    def start(self, count: int) -> bytes:
        """Return the first bytes; none of a folder."""
        if self.file is None:
            return b""
        self.file.seek(0)
        data = self.file.read(count)
        self.file.seek(0)
        return data

    @property
    def opened(self) -> BinaryIO:
        """Return the open file; raise ValueError for a folder."""
        if self.file is None:
            raise ValueError(f"{self.name} is a folder: a reader of files cannot open it")
        return self.file

    @property
    def size(self) -> int:
        """Return the number of bytes of the file."""
        size = self.opened.seek(0, 2)
        self.opened.seek(0)
        return size

    @contextmanager
    def on_disk(self, suffix: str) -> Iterator[Path]:
        """Yield a path that ends in ``suffix``: the file's own, or that of a copy, removed afterwards."""
        if self.path is not None and self.path.suffix.lower() == suffix:
            yield self.path
            return
        with TemporaryDirectory(prefix="xebra-") as folder:
            copy = Path(folder, "image").with_suffix(suffix)
            if self.path is not None:
                copy.symlink_to(self.path.resolve())
            else:
                self.opened.seek(0)
                with copy.open("wb") as target:
                    shutil.copyfileobj(self.opened, target)
            yield copy
