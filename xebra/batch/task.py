"""One pair to be registered, as it travels to a worker process."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xebra.models import TransformModel
from xebra.transform_files import Format


@dataclass(frozen=True)
class Side:
    """An image file and which of its images is meant; ``spacing`` in um per px overrides the file's."""

    path: Path
    channel: str | None = None
    frame: int | None = None
    spacing: float | None = None


@dataclass(frozen=True)
class Settings:
    """Settings of all pairs of a run; ``transforms`` are names of ``xebra.transform_files.FORMATS``."""

    network: str | None = None
    mirror: bool | None = False
    transforms: tuple[Format, ...] = ()
    model: TransformModel = "similarity"
    tolerance: float | None = None  # largest expected corner error of an accepted result, fixed px


@dataclass(frozen=True)
class Task:
    """A pair; ``name`` begins the names of its result files, ``root`` is what paths are stated against."""

    name: str
    fixed: Side
    moving: Side
    root: Path
    settings: Settings = field(default_factory=Settings)

    def key(self) -> str:
        """Return a hash of both files (path, size, time of change), their choices and the settings.

        Raises FileNotFoundError where a file has disappeared.
        """
        sides = [self._described(side) for side in (self.fixed, self.moving)]
        text = json.dumps([*sides, asdict(self.settings)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def shown(self, side: Side) -> str:
        """Return a file's path relative to the root, with slashes; of one elsewhere, its whole path."""
        below = side.path.absolute().is_relative_to(self.root.absolute())
        return Path(os.path.relpath(side.path, self.root)).as_posix() if below else str(side.path)

    def _described(self, side: Side) -> list[Any]:
        return [self.shown(side), *fingerprint(side.path), side.channel, side.frame, side.spacing]


def fingerprint(path: Path) -> tuple[int, int]:
    """Return size and time of the last change (ns) of a file, or of all files of a folder.

    Raises FileNotFoundError.
    """
    about = path.stat()
    if not path.is_dir():
        return about.st_size, about.st_mtime_ns
    parts = [part.stat() for part in path.rglob("*") if part.is_file()]
    return sum(p.st_size for p in parts), max((p.st_mtime_ns for p in parts), default=about.st_mtime_ns)
