"""Series and frames in the database, without an API."""

from __future__ import annotations

from typing import Any

from db import series
from db.engine import Database
from db.rows import LOCAL, SeriesRow
from support.jobs import do, upload

DEFAULTS = {"name": "drift", "model": "rigid", "reference_channel": None, "reference_frame": None}
DEFAULTS |= {"stale_after_s": 1.0, "deadline_ms": 30}


def create(database: Database, owner: str = LOCAL, instrument: Any = None) -> SeriesRow:
    """Add a series on a new image; return its row."""
    request = series.NewSeries(reference_image_id=upload(database, owner), **DEFAULTS)
    return do(database, series.create, request, owner=owner, actor="tester", instrument=instrument)


def frame(number: int, state: str = "fits") -> series.NewFrame:
    """Return a frame with a position."""
    return series.NewFrame(number, "0" * 64, {"number": number, "state": state}, b"jpeg")


def append(database: Database, row: SeriesRow, numbers: range) -> None:
    """Append frames to a series that has those before."""
    for known in numbers:
        assert do(database, series.append, row.id, known, known, frame(known))
