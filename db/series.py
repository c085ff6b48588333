"""Series: frames are appended with their positions, one row each, and audited in chunks."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session, undefer

from db import audit, clock, events, images, keys
from db.audit_results import recorded_frame
from db.engine import NO_SESSION_SYNC
from db.errors import QuotaExceeded, SeriesFinished, SeriesNotFound
from db.rows import EventRow, InstrumentRow, SeriesFrameRow, SeriesRow
from db.types import is_valid_id

RECORDING, FINISHED = "recording", "finished"
MAX_RECORDING = 20  # series of one owner at the same time
CHUNK_FRAMES = 20  # at most, in one entry of the audit log
IDLE = timedelta(days=1)  # after which a series is finished
LEFT_AFTER = timedelta(seconds=60)  # frames whose chunk the API did not complete, because it was killed
PER_PASS = 100


@dataclass(frozen=True)
class NewSeries:
    """What a client chooses of a series."""

    name: str
    model: str
    reference_image_id: str
    reference_channel: str | None
    reference_frame: int | None
    stale_after_s: float | None
    deadline_ms: int


@dataclass(frozen=True)
class NewFrame:
    """A frame with its position; ``body`` is what the API returns of it."""

    number: int
    sha256: str
    body: dict[str, Any]
    preview: bytes | None

    @property
    def state(self) -> str:
        """Return fits, no_fit or dropped."""
        return cast(str, self.body["state"])


def create(
    session: Session, request: NewSeries, *, owner: str, actor: str, instrument: InstrumentRow | None
) -> SeriesRow:
    """Add a series.

    Raises:
        ImageNotFound: the reference does not exist or belongs to another owner.
        QuotaExceeded: the owner records as many series as are permitted, or has no storage left.
    """
    images.get(session, request.reference_image_id, owner)
    keys.reserve_storage(session, instrument, 1)
    recording = select(func.count()).where(SeriesRow.owner == owner, SeriesRow.state == RECORDING)
    if (session.scalar(recording) or 0) >= MAX_RECORDING:
        raise QuotaExceeded(f"{MAX_RECORDING} series are being recorded; finish one first")
    now = clock.now(session)
    row = SeriesRow(id=str(uuid.uuid4()), owner=owner, actor=actor, state=RECORDING, **vars(request))
    row.created_at = row.last_frame_at = now
    row.frames = row.fitting = row.dropped = row.chunks = row.chunked = row.stored_bytes = 0
    row.last_number = -1
    session.add(row)
    audit.record(session, "series.created", actor=actor, series=row.id, **vars(request))
    return row


def get(session: Session, series_id: str, owner: str | None = None) -> SeriesRow:
    """Return the series with this id.

    Raises:
        SeriesNotFound: there is no such series, or it belongs to another owner.
    """
    row = session.get(SeriesRow, series_id) if is_valid_id(series_id) else None
    if row is None or owner not in (None, row.owner):
        raise SeriesNotFound(f"there is no series {series_id}")
    return row


def frame(session: Session, series_id: str, number: int) -> SeriesFrameRow | None:
    """Return a frame with its preview, None if there is none with this number."""
    query = select(SeriesFrameRow).options(undefer(SeriesFrameRow.preview))
    return session.scalar(query.where(SeriesFrameRow.series_id == series_id, SeriesFrameRow.number == number))


def frames(session: Session, series_id: str, after: int, limit: int) -> list[SeriesFrameRow]:
    """Return the frames with larger numbers than ``after``, in order."""
    query = select(SeriesFrameRow).where(SeriesFrameRow.series_id == series_id, SeriesFrameRow.number > after)
    return list(session.scalars(query.order_by(SeriesFrameRow.number).limit(limit)))


def newest(session: Session, series_id: str, limit: int) -> list[SeriesFrameRow]:
    """Return the newest frames, in order."""
    query = select(SeriesFrameRow).where(SeriesFrameRow.series_id == series_id)
    rows = session.scalars(query.order_by(SeriesFrameRow.number.desc()).limit(limit))
    return list(rows)[::-1]


def append(session: Session, series_id: str, known: int, last_number: int, new: NewFrame) -> bool:
    """Store a frame; return False if the series has other frames than the ``known`` number of them.

    Then another process has appended one, and the position was found without it. ``last_number``: the
    largest number of a frame, this one included.

    Raises:
        SeriesNotFound: the series was deleted.
        SeriesFinished: the series has ended.
    """
    row, now, size = SeriesRow, clock.now(session), len(json.dumps(new.body)) + len(new.preview or b"")
    appended = session.execute(
        update(row)
        .where(row.id == series_id, row.state == RECORDING, row.frames == known)
        .values(
            frames=row.frames + 1,
            fitting=row.fitting + int(new.state == "fits"),
            dropped=row.dropped + int(new.state == "dropped"),
            last_number=last_number,
            last_frame_at=now,
            stored_bytes=row.stored_bytes + size,
        ),
        execution_options=NO_SESSION_SYNC,
    )
    if cast("CursorResult[Any]", appended).rowcount != 1:
        if get(session, series_id).state == FINISHED:
            raise SeriesFinished("the series has ended; create another one")
        return False
    session.add(SeriesFrameRow(series_id=series_id, created_at=now, **vars(new)))
    session.flush()
    return True


def close_chunk(session: Session, series_id: str) -> None:
    """Write the frames that no audit entry holds yet into one, and publish that there are new ones."""
    series = _locked(session, series_id)
    loose = (SeriesFrameRow.series_id == series_id, SeriesFrameRow.chunk.is_(None))
    rows = list(session.scalars(select(SeriesFrameRow).where(*loose).order_by(SeriesFrameRow.number)))
    if not rows or series is None:
        return
    numbers = [row.number for row in rows]
    chunk, series.chunks = series.chunks, series.chunks + 1
    series.chunked += len(rows)
    taken = update(SeriesFrameRow).where(*loose, SeriesFrameRow.number.in_(numbers))
    session.execute(taken.values(chunk=chunk), execution_options=NO_SESSION_SYNC)
    entry = audit.record(
        session,
        "series.frames",
        actor=series.actor,
        series=series_id,
        chunk=chunk,
        frames=[recorded_frame(row) for row in rows],
    )
    events.publish_series(session, entry, series)


def finish(session: Session, series_id: str, actor: str) -> SeriesRow:
    """End a series, unless it has ended; return its row.

    Raises:
        SeriesNotFound: the series was deleted.
    """
    row = _locked(session, series_id)
    if row is None:
        raise SeriesNotFound(f"there is no series {series_id}")
    if row.state == FINISHED:
        return row
    close_chunk(session, series_id)
    row.state, row.finished_at = FINISHED, clock.now(session)
    session.flush()
    counts = {name: getattr(row, name) for name in ("frames", "fitting", "dropped")}
    entry = audit.record(session, "series.finished", actor=actor, series=row.id, **counts)
    events.publish_series(session, entry, row)
    return row


def remove(session: Session, series_id: str, actor: str, event: str = "series.deleted") -> None:
    """Delete a series with its frames and events; the audit log keeps what was found.

    Raises:
        SeriesNotFound: the series was deleted.
    """
    row = finish(session, series_id, actor)
    session.execute(delete(SeriesFrameRow).where(SeriesFrameRow.series_id == series_id))
    session.execute(delete(EventRow).where(EventRow.owner == row.owner, EventRow.series_id == series_id))
    session.execute(delete(SeriesRow).where(SeriesRow.id == series_id))
    audit.record(session, event, actor=actor, series=series_id)


def _locked(session: Session, series_id: str) -> SeriesRow | None:
    """Return the present row, locked until the commit."""
    return session.get(SeriesRow, series_id, populate_existing=True, with_for_update=True)


def left(session: Session) -> list[str]:
    """Return series with frames whose chunk was not completed in time."""
    before = clock.now(session) - LEFT_AFTER
    query = select(SeriesRow.id).where(SeriesRow.state == RECORDING, SeriesRow.last_frame_at < before)
    return list(session.scalars(query.where(SeriesRow.chunked < SeriesRow.frames).limit(PER_PASS)))


def idle(session: Session) -> list[str]:
    """Return series that have received no frame for long."""
    before = clock.now(session) - IDLE
    query = select(SeriesRow.id).where(SeriesRow.state == RECORDING, SeriesRow.last_frame_at < before)
    return list(session.scalars(query.limit(PER_PASS)))


def expired(session: Session, before: datetime) -> list[str]:
    """Return series that ended before this time."""
    return list(session.scalars(select(SeriesRow.id).where(SeriesRow.finished_at < before).limit(PER_PASS)))
