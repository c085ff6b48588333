"""The lane of a series: frames in turn, stale ones dropped, several processes on one series."""

from __future__ import annotations

import hashlib
import io
import time
from uuid import uuid4

import numpy as np
import pytest
from support import recorded_series
from support.jobs import do, query
from support.series import counted, pose, specimen, view
from support.service import tiff

from api.series.lane import Given, Lane
from db import audit, images, series
from db.errors import FrameNumberReused
from db.rows import LOCAL, ImageRow, SeriesRow
from db.store import ImageStore, open_store
from db.types import utc_now

SIDE = 160


def frame(place: tuple[float, float], seed: int = 1) -> np.ndarray:
    image = view(specimen(7), pose(np.array(place)), SIDE)
    return counted(image, 30, np.random.default_rng(seed))


def given(place: tuple[float, float], number: int | None = None, waited: float = 0.0) -> Given:
    pixels = frame(place, number or 0)
    return Given(pixels.tobytes(), pixels, number, float(number or 0), time.perf_counter() - waited)


@pytest.fixture
def folder(tmp_path) -> ImageStore:
    return open_store((tmp_path / "images").as_uri())


@pytest.fixture
def row(sqlite_database, folder) -> SeriesRow:
    content = tiff(frame((0, 0), 100))
    image = ImageRow(id=str(uuid4()), owner=LOCAL, name="a.tif", media_type="image/tiff")
    image.size_bytes, image.sha256 = len(content), hashlib.sha256(content).hexdigest()
    image.height = image.width = SIDE
    image.channels, image.dtype, image.created_at = 1, "uint16", utc_now()
    image.store_key = f"images/{image.id}/original"
    folder.put(image.store_key, io.BytesIO(content))
    do(sqlite_database, images.add, image, actor="tester")
    request = series.NewSeries(reference_image_id=image.id, **recorded_series.DEFAULTS)
    return do(sqlite_database, series.create, request, owner=LOCAL, actor="tester", instrument=None)


def fresh(database, row: SeriesRow) -> Lane:
    """Return the lane of another process."""
    return Lane(query(database, series.get, row.id))


def test_frame_that_waited_too_long_is_dropped_and_the_next_one_is_not(sqlite_database, folder, row):
    lane = fresh(sqlite_database, row)
    first = lane.append(given((1, 0), 0), sqlite_database, folder).body
    stale = lane.append(given((2, 0), 1, waited=1.1), sqlite_database, folder).body
    last = lane.append(given((3, 0), 2, waited=0.5), sqlite_database, folder).body
    assert [each["state"] for each in (first, stale, last)] == ["fits", "dropped", "fits"]
    assert "longer than 1 s" in stale["reason"]
    assert stale["shift_px"] is None and np.allclose(last["shift_px"], (3, 0), atol=0.4)


def test_processes_that_append_in_turn_keep_one_order_and_lose_no_frame(sqlite_database, folder, row):
    lanes = [fresh(sqlite_database, row) for _ in range(2)]
    for number in range(6):
        body = lanes[number % 2].append(given((number, 0), number), sqlite_database, folder).body
        assert (body["number"], body["state"]) == (number, "fits")
        assert np.allclose(body["shift_px"], (number, 0), atol=0.4)
    lanes[0].close_chunk(sqlite_database)
    stored = query(sqlite_database, series.get, row.id)
    assert (stored.frames, stored.last_number, stored.chunked) == (6, 5, 6)
    assert query(sqlite_database, audit.verify) == []


def test_number_is_given_by_the_series_and_an_answer_is_repeated(sqlite_database, folder, row):
    lane = fresh(sqlite_database, row)
    numbered = [lane.append(given((k, 0)), sqlite_database, folder).number for k in range(3)]
    assert numbered == [0, 1, 2]
    again = given((2, 0), 2)
    first = lane.append(
        Given(*list(vars(again).values())[:2], 7, 7.0, again.arrived), sqlite_database, folder
    )
    second = lane.append(
        Given(*list(vars(again).values())[:2], 7, 9.0, again.arrived), sqlite_database, folder
    )
    assert second.body == first.body
    with pytest.raises(FrameNumberReused):
        lane.append(given((5, 5), 7), sqlite_database, folder)
    assert query(sqlite_database, series.get, row.id).frames == 4


def test_chunk_is_complete_after_some_frames(sqlite_database, folder, row, monkeypatch):
    monkeypatch.setattr(series, "CHUNK_FRAMES", 3)
    monkeypatch.setattr("api.series.lane.CHUNK_S", 1e6)
    lane = fresh(sqlite_database, row)
    held = []
    for number in range(7):
        lane.append(given((number, 0), number), sqlite_database, folder)
        held.append(query(sqlite_database, series.get, row.id).chunked)
    assert held == [0, 0, 3, 3, 3, 6, 6]
    assert query(sqlite_database, audit.verify) == []
