"""Rows of series: order, chunks in the audit log, quotas, retention, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from support import recorded_series
from support.jobs import do, query

from db import audit, events, images, keys, retention, series
from db.errors import ImageInUse, QuotaExceeded, SeriesFinished, SeriesNotFound
from db.rows import AuditRow, SeriesFrameRow, SeriesRow
from db.types import utc_now
from worker.housekeeping import Housekeeping


@pytest.fixture
def row(database) -> SeriesRow:
    return recorded_series.create(database)


def test_frame_is_stored_only_on_top_of_the_frames_that_were_known(database, row):
    recorded_series.append(database, row, range(2))
    assert not do(database, series.append, row.id, 1, 2, recorded_series.frame(2)), (
        "another process added one"
    )
    assert do(database, series.append, row.id, 2, 5, recorded_series.frame(5, "no_fit"))
    assert do(database, series.append, row.id, 3, 5, recorded_series.frame(3, "dropped"))
    found = query(database, series.get, row.id)
    assert (found.frames, found.fitting, found.dropped, found.last_number) == (4, 2, 1, 5)
    assert [each.number for each in query(database, series.frames, row.id, 0, 2)] == [1, 3]
    assert [each.number for each in query(database, series.newest, row.id, 2)] == [3, 5]
    assert query(database, series.frame, row.id, 5).preview == b"jpeg"
    assert query(database, series.frame, row.id, 4) is None


def test_chunk_holds_each_frame_once_and_is_published(database, row):
    for until in (3, 3, 5):
        recorded_series.append(database, row, range(query(database, series.get, row.id).frames, until))
        do(database, series.close_chunk, row.id)
    do(database, series.finish, row.id, actor="tester")
    do(database, series.finish, row.id, actor="tester")
    with database.reading() as session:
        entries = session.scalars(
            select(AuditRow).where(AuditRow.event.like("series.%")).order_by(AuditRow.seq)
        )
        kinds = [(entry.event, json.loads(entry.payload)) for entry in entries]
        published = [(e.series_id, e.state, e.frames) for e in events.after(session, 0, owner=row.owner)]
        assert audit.verify(session) == []
    chunks = [[each["number"] for each in payload["frames"]] for kind, payload in kinds if "frames" in kind]
    assert chunks == [[0, 1, 2], [3, 4]]
    assert [kind for kind, _ in kinds].count("series.finished") == 1
    assert published == [(row.id, "recording", 3), (row.id, "recording", 5), (row.id, "finished", 5)]


def test_altered_frame_is_found(database, row):
    recorded_series.append(database, row, range(2))
    do(database, series.close_chunk, row.id)
    with database.writing() as session:
        session.execute(update(SeriesFrameRow).values(body={"number": 0, "state": "no_fit"}))
    assert "frames 0 of series" in query(database, audit.verify)[0]


def test_finished_series_takes_no_frame_and_a_deleted_one_is_unknown(database, row):
    recorded_series.append(database, row, range(1))
    do(database, series.finish, row.id, actor="tester")
    with pytest.raises(SeriesFinished):
        do(database, series.append, row.id, 1, 1, recorded_series.frame(1))
    with database.writing() as session:
        series.remove(session, row.id, "tester")
    for step in (
        series.get,
        lambda session, _: series.append(session, row.id, 1, 1, recorded_series.frame(1)),
    ):
        with pytest.raises(SeriesNotFound):
            do(database, step, row.id)
    with database.reading() as session:
        assert session.scalars(select(SeriesFrameRow)).all() == []
        assert audit.verify(session) == []


def test_series_of_another_owner_does_not_exist(database, row):
    with pytest.raises(SeriesNotFound):
        query(database, series.get, row.id, "other")
    with pytest.raises(SeriesNotFound):
        query(database, series.get, "no\0id")


def test_quotas_hold(database):
    instrument = do(database, keys.add_instrument, "sem", "tester", max_stored_bytes=100_000)
    for _ in range(series.MAX_RECORDING):
        row = recorded_series.create(database, "sem", instrument)
    with pytest.raises(QuotaExceeded, match="finish one"):
        recorded_series.create(database, "sem", instrument)
    with database.writing() as session:
        session.execute(update(SeriesRow).where(SeriesRow.id == row.id).values(stored_bytes=100_000))
        series.finish(session, row.id, "tester")
    with pytest.raises(QuotaExceeded, match="bytes are stored"):
        recorded_series.create(database, "sem", instrument)


def test_reference_is_kept_while_its_series_exists(database, row):
    image = query(database, images.get, row.reference_image_id)
    with pytest.raises(ImageInUse, match="reference of 1 series"):
        do(database, images.delete, image, [], "tester")
    later = utc_now() + timedelta(days=1)
    assert query(database, retention.expired_images, later) == []


def test_housekeeping_completes_finishes_and_expires(database, row, tmp_path):
    idle = recorded_series.create(database)
    recorded_series.append(database, row, range(2))
    past = utc_now() - timedelta(minutes=5)
    with database.writing() as session:
        session.execute(update(SeriesRow).where(SeriesRow.id == row.id).values(last_frame_at=past))
        days = update(SeriesRow).where(SeriesRow.id == idle.id)
        session.execute(days.values(last_frame_at=past - timedelta(days=2)))
    housekeeping = Housekeeping(database, lambda: None, keep_days=1)
    assert housekeeping.complete_series() == 2
    assert query(database, series.get, row.id).chunked == 2
    assert query(database, series.get, idle.id).state == "finished"
    with database.writing() as session:
        session.execute(update(SeriesRow).values(finished_at=past - timedelta(days=2)))
    assert housekeeping.expire() >= 2
    with pytest.raises(SeriesNotFound):
        query(database, series.get, row.id)
