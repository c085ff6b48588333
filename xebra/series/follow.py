"""Follow a folder to which an instrument writes frames: the position of each file as it is complete."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from xebra.batch.patterns import IMAGE_SUFFIXES
from xebra.batch.settled import Settled
from xebra.errors import ImageUnreadable, RegistrationError
from xebra.models import TransformModel
from xebra.series.source import natural, read_frame
from xebra.series.tracker import Position, Tracker

POLL_S = 0.2
TABLE = "live.csv"
COLUMNS = ("name", "time_s", "fits", "x_px", "y_px", "error_px", "velocity_x_px_per_s", "velocity_y_px_per_s")


@dataclass
class Followed:
    """A frame with its position; the reference, and files that cannot be read, have none."""

    name: str
    position: Position | None
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return name and position."""
        found = self.position
        if found is None:
            return {"name": self.name, "problem": self.problem}
        x, y = found.velocity_px_per_s
        values = found.time_s, found.fits, *found.shift_px, _error(found), x, y
        return dict(zip(COLUMNS, (self.name, *values), strict=True))


@dataclass
class Following:
    """A folder whose files are frames of one specimen, in the order of their names.

    Args:
        folder: Where the files appear; those that are there already come first.
        model: Family of the transforms.
        channel: Channel of files with several.
        settle_s: Time without a change after which a file counts as complete.
        idle_s: Time without a new file after which ``frames`` ends; None: when ``stop`` is set.
    """

    folder: Path
    model: TransformModel = "rigid"
    channel: str | None = None
    settle_s: float = 0.5
    idle_s: float | None = None
    stop: Event = field(default_factory=Event)
    _seen: set[str] = field(default_factory=set)
    _tracker: Tracker | None = None

    def frames(self) -> Iterator[Followed]:
        """Yield each frame once its file is complete; the first one that can be compared is the reference."""
        settled, since = Settled(self.settle_s), time.monotonic()
        while not self.stop.is_set():
            for path in self._complete(settled):
                self._seen.add(path.name)
                yield self._followed(path)
                since = time.monotonic()
            if self.idle_s is not None and time.monotonic() - since > self.idle_s:
                return
            self.stop.wait(POLL_S)

    def _complete(self, settled: Settled) -> list[Path]:
        """Return new files in order, up to the first one that is still being written."""
        new = [path for path in self.folder.iterdir() if path.name not in self._seen and _is_image(path)]
        complete = []
        for path in sorted(new, key=lambda path: natural(path.name)):
            try:
                if not settled(path):
                    break
            except OSError:  # it disappeared
                continue
            complete.append(path)
        return complete

    def _followed(self, path: Path) -> Followed:
        try:
            pixels = read_frame(path, self.channel)
            if self._tracker is None:
                self._tracker = Tracker(pixels, model=self.model)
            return Followed(path.name, self._tracker.update(pixels, path.stat().st_mtime))
        except (RegistrationError, OSError) as error:
            return Followed(path.name, None, str(error))


class Table:
    """A CSV file with one row for each frame, complete after each of them."""

    def __init__(self, folder: Path) -> None:
        """Begin ``live.csv`` in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / TABLE).open("w", newline="", encoding="utf-8")
        self._rows = csv.DictWriter(self._file, COLUMNS, restval="")
        self._rows.writeheader()

    def add(self, frame: Followed) -> None:
        """Write a row, without a position where there is none."""
        values = frame.to_json()
        self._rows.writerow({name: values[name] for name in COLUMNS if name in values})
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def check_folder(path: Path) -> Path:
    """Return a path; raise ImageUnreadable unless it is a folder."""
    if not path.is_dir():
        raise ImageUnreadable(f"{path}: a folder to which frames are written is needed to follow them.")
    return path


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _error(found: Position) -> float | str:
    """Return the standard error of the shift, px; empty for a frame that does not fit."""
    return float(found.covariance.trace() ** 0.5) if found.fits else ""
