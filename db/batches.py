"""Many pairs submitted together: all of them are accepted, or none is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db import audit, events, line
from db.engine import ROWS_ALONE
from db.errors import BatchNotFound, ImageNotFound
from db.jobs import Wish
from db.rows import STATES, BatchRow, ImageRow, OutboxRow, RegistrationRow
from db.types import can_be_one, utc_now

AT_A_TIME = 500  # values in one statement


def submit(session: Session, wishes: Sequence[Wish], *, owner: str, actor: str, request_id: str) -> BatchRow:
    """Accept all pairs, of one setting, with one entry in the audit for all; raises ``ImageNotFound``."""
    asked = [(wish.fixed_image_id, wish.moving_image_id) for wish in wishes]
    _check_images(session, owner, {image_id for pair in asked for image_id in pair})
    now = utc_now()
    batch = BatchRow(id=str(uuid.uuid4()), owner=owner, actor=actor, size=len(wishes), created_at=now)
    session.add(batch)
    session.flush()
    common = {"owner": owner, "state": "queued", "actor": actor, "request_id": request_id, "attempt": 0}
    common |= {"created_at": now, "batch_id": batch.id}
    rows = [RegistrationRow(id=str(uuid.uuid4()), **common, **vars(wish)) for wish in wishes]
    session.execute(insert(RegistrationRow), [_values(row) for row in rows])
    line.join_all(session, rows, now)
    jobs = [[row.id, row.fixed_image_id, row.moving_image_id] for row in rows]
    about = {"batch": batch.id, "settings": wishes[0].settings(), "jobs": jobs}
    entry = audit.record(session, "batch.submitted", actor=actor, **about)
    events.tell(session, entry, rows, "queued")
    return batch


def get(session: Session, batch_id: str, owner: str) -> BatchRow:
    """The batch of this id; raises ``BatchNotFound``."""
    row = session.get(BatchRow, batch_id) if can_be_one(batch_id) else None
    if row is None or row.owner != owner:
        raise BatchNotFound(f"there is no batch {batch_id}")
    return row


def states(session: Session, batch_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many of each batch's jobs are in which state."""
    counted = {batch_id: dict.fromkeys(STATES, 0) for batch_id in batch_ids}
    query = select(RegistrationRow.batch_id, RegistrationRow.state, func.count())
    query = query.where(RegistrationRow.batch_id.in_(batch_ids))
    for batch_id, state, count in session.execute(
        query.group_by(RegistrationRow.batch_id, RegistrationRow.state)
    ):
        counted[batch_id][state] = count
    return counted


def cancel(session: Session, batch: BatchRow, *, actor: str) -> int:
    """End every job of the batch that has not ended; how many there were."""
    unended = (RegistrationRow.batch_id == batch.id, RegistrationRow.state.in_(("queued", "running")))
    waiting = OutboxRow.registration_id.in_(select(RegistrationRow.id).where(*unended))
    session.execute(delete(OutboxRow).where(waiting), execution_options=ROWS_ALONE)
    ended = session.scalars(
        update(RegistrationRow)
        .where(*unended)
        .values(state="cancelled", finished_at=utc_now(), lease_until=None)
        .returning(RegistrationRow)
    ).all()
    for some in _groups([row.id for row in ended]):
        session.execute(delete(OutboxRow).where(OutboxRow.registration_id.in_(some)))
    if ended:
        jobs = [row.id for row in ended]
        entry = audit.record(session, "batch.cancelled", actor=actor, batch=batch.id, jobs=jobs)
        events.tell(session, entry, ended, "cancelled")
    return len(ended)


def _check_images(session: Session, owner: str, wanted: set[str]) -> None:
    known: set[str] = set()
    for some in _groups(sorted(id for id in wanted if can_be_one(id))):
        known |= set(
            session.scalars(select(ImageRow.id).where(ImageRow.owner == owner, ImageRow.id.in_(some)))
        )
    if missing := sorted(wanted - known):
        others = f" (nor {len(missing) - 1} others)" if missing[1:] else ""
        raise ImageNotFound(f"there is no image {missing[0]}{others}; upload it first")


def _groups(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), AT_A_TIME):
        yield values[start : start + AT_A_TIME]


def _values(row: RegistrationRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in RegistrationRow.__table__.columns}
