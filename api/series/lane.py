"""One series in this process: the tracker of its frames, which take their turns."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from api.images.choice import Choice
from api.series.preview import jpeg
from api.series.reference import read
from db import images, series
from db.engine import Database
from db.errors import FrameNumberReused, SeriesNotFound
from db.rows import SeriesFrameRow, SeriesRow
from db.store import ImageStore
from xebra import Tracker
from xebra.arrays import Pixels
from xebra.series.tracker import Position

RESUMED = 32  # frames from which place and drift are taken over
ATTEMPTS = 5  # at one frame, where other processes append frames, too
CHUNK_S = 1.0  # from its first frame, after which a chunk is complete
STALE = "it waited longer than {:g} s for its turn"
OVERTAKEN = "a frame with a larger number came before"
NO_FIT = "it does not show the specimen of the reference"


@dataclass(frozen=True)
class Given:
    """A frame as it was sent."""

    content: bytes
    pixels: Pixels
    number: int | None
    time_s: float
    arrived: float  # by time.perf_counter


@dataclass
class Lane:
    """The tracker of a series, at the frames that the database had at the last look."""

    cold: ClassVar[bool] = True  # no frame was compared in this process

    row: SeriesRow
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    tracker: Tracker | None = None
    chunk_begun: float | None = None  # time of the first frame that no audit entry holds

    @property
    def shape(self) -> tuple[int, int] | None:
        """Return the shape of the reference, once it was read."""
        return None if self.tracker is None else self.tracker.shape

    def load(self, database: Database, store: ImageStore) -> None:
        """Read the series, its reference and the newest positions; make the tracker.

        Raises:
            SeriesNotFound: it was deleted.
        """
        with database.reading() as session:
            row = series.get(session, self.row.id, self.row.owner)
            image = images.get(session, row.reference_image_id)
            newest = series.newest(session, row.id, RESUMED)
        reference = read(image, Choice(row.reference_channel, row.reference_frame), store)
        tracker = Tracker(reference, model=row.model, deadline_s=row.deadline_ms / 1e3)  # type: ignore[arg-type]
        tracker.resume(_position(found) for found in newest if found.body["state"] != "dropped")
        self.row, self.tracker = row, tracker
        if Lane.cold:  # the first comparison loads libraries and makes plans, for 0.3 s
            Tracker(reference, model=row.model).update(reference.pixels, 0.0)  # type: ignore[arg-type]
            jpeg(reference.pixels)
            Lane.cold = False

    def append(self, given: Given, database: Database, store: ImageStore) -> SeriesFrameRow:
        """Find the position of a frame, store it, and return its row.

        Raises:
            SeriesNotFound, SeriesFinished: no frame can be appended any more.
            FrameNumberReused: another frame has its number.
        """
        digest = hashlib.sha256(given.content).hexdigest()
        waited = time.perf_counter() - given.arrived
        preview = jpeg(given.pixels)
        for _ in range(ATTEMPTS):
            if self.tracker is None:
                self.load(database, store)
            number = self.row.last_number + 1 if given.number is None else given.number
            if number <= self.row.last_number and (known := _known(database, self.row.id, number, digest)):
                return known
            body = self._body(given, number, waited) | {"sha256": digest}
            new = series.NewFrame(number, digest, body, preview)
            if self._store(database, new):
                return SeriesFrameRow(series_id=self.row.id, number=number, sha256=digest, body=body)
            self.tracker = None  # another process has appended a frame
        raise SeriesNotFound(f"series {self.row.id} changes too fast; send its frames to one process")

    def _store(self, database: Database, new: series.NewFrame) -> bool:
        last = max(self.row.last_number, new.number)
        with database.writing() as session:
            if not series.append(session, self.row.id, self.row.frames, last, new):
                return False
            loose = self.row.frames + 1 - self.row.chunked
            begun = self.chunk_begun if self.chunk_begun is not None else time.monotonic()
            close = loose >= series.CHUNK_FRAMES or time.monotonic() - begun >= CHUNK_S
            if close:
                series.close_chunk(session, self.row.id)
        self.row.frames, self.row.last_number = self.row.frames + 1, last
        self.chunk_begun = None if close else begun
        if close:
            self.row.chunked = self.row.frames
        return True

    def close_chunk(self, database: Database) -> None:
        """Complete the chunk in the audit log, where the frames do not go on."""
        with database.writing() as session:
            series.close_chunk(session, self.row.id)
        self.chunk_begun, self.row.chunked = None, self.row.frames

    def _body(self, given: Given, number: int, waited: float) -> dict[str, Any]:
        stale_after = self.row.stale_after_s
        if number <= self.row.last_number:
            return _dropped(given, number, OVERTAKEN)
        if stale_after is not None and waited > stale_after:
            return _dropped(given, number, STALE.format(stale_after))
        assert self.tracker is not None
        return _found(self.tracker.update(given.pixels, given.time_s), number)


def _known(database: Database, series_id: str, number: int, digest: str) -> SeriesFrameRow | None:
    """Return the stored answer to a frame that is sent again."""
    with database.reading() as session:
        row = series.frame(session, series_id, number)
    if row is not None and row.sha256 != digest:
        raise FrameNumberReused(f"frame {number} has another content; number the frames one after another")
    return row


def _dropped(given: Given, number: int, reason: str) -> dict[str, Any]:
    without = dict.fromkeys(("reference_from_frame", "shift_px", "covariance_px2", "velocity_px_per_s"))
    body: dict[str, Any] = {"number": number, "time_s": given.time_s, "state": "dropped", "reason": reason}
    return body | without | {"certainty": 0.0, "duration_ms": 0.0, "late": True}


def _found(position: Position, number: int) -> dict[str, Any]:
    known = bool(np.isfinite(position.covariance).all())
    return {
        "number": number,
        "time_s": position.time_s,
        "state": "fits" if position.fits else "no_fit",
        "reason": None if position.fits else NO_FIT,
        "reference_from_frame": position.reference_from_frame.tolist(),
        "shift_px": list(position.shift_px),
        "covariance_px2": position.covariance.tolist() if known else None,
        "velocity_px_per_s": list(position.velocity_px_per_s),
        "certainty": float(position.certainty),
        "duration_ms": 1e3 * position.duration_s,
        "late": position.late,
    }


def _position(row: SeriesFrameRow) -> Position:
    body = row.body
    return Position(
        number=row.number,
        fits=body["state"] == "fits",
        reference_from_frame=np.array(body["reference_from_frame"]),
        shift_px=tuple(body["shift_px"]),
        covariance=np.array(body["covariance_px2"] or np.full((2, 2), np.nan)),
        velocity_px_per_s=tuple(body["velocity_px_per_s"]),
        certainty=body["certainty"],
        duration_s=body["duration_ms"] / 1e3,
        late=body["late"],
        time_s=body["time_s"],
    )
