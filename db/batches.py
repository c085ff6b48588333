"""Batches: many pairs submitted together; either all of them are accepted or none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db import audit, clock, events, images, job_queue, tracing
from db.claims import JOBS, SHOWN
from db.engine import NO_SESSION_SYNC
from db.errors import BatchNotFound
from db.jobs import RegistrationRequest
from db.rows import STATES, BatchRow, OutboxRow, RegistrationRow
from db.types import is_valid_id

CANCELLED_AT_ONCE = 500
_INSERT = insert(JOBS)


def submit(
    session: Session, requests: Sequence[RegistrationRequest], *, owner: str, actor: str, request_id: str
) -> BatchRow:
    """Accept all pairs, which share one setting, with a single audit entry; return the batch.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
    """
    pairs = [(request.fixed_image_id, request.moving_image_id) for request in requests]
    images.by_id(session, {image_id for pair in pairs for image_id in pair}, owner)
    now = clock.now(session)
    batch = BatchRow(id=str(uuid.uuid4()), owner=owner, actor=actor, size=len(requests), created_at=now)
    session.add(batch)
    session.flush()
    common = {"owner": owner, "state": "queued", "actor": actor, "request_id": request_id, "attempt": 0}
    common |= {"batch_id": batch.id, "traceparent": tracing.current()}
    given = {name for request in requests for name, value in vars(request).items() if value is not None}
    ids = [str(uuid.uuid4()) for _ in requests]
    rows = [
        {"id": id, "created_at": at, **common} | {name: vars(request)[name] for name in given}
        for id, at, request in zip(ids, _times(now, len(requests)), requests, strict=True)
    ]
    session.connection().execute(_INSERT, rows)  # objects of the ORM would cost three times as much
    job_queue.enqueue_all(session, ids, owner, requests[0].priority, now)
    jobs = [[id, *pair, *_choice(request)] for id, pair, request in zip(ids, pairs, requests, strict=True)]
    payload = {"batch": batch.id, "settings": requests[0].settings(), "jobs": jobs}
    entry = audit.record(session, "batch.submitted", actor=actor, **payload)
    events.publish_batch(session, entry, batch.id)
    return batch


def _times(now: datetime, count: int) -> Iterator[datetime]:
    """Yield times that differ by microseconds: a list with the newest first has the order of the request."""
    return (now - timedelta(microseconds=number) for number in range(count))


def get(session: Session, batch_id: str, owner: str) -> BatchRow:
    """Return the batch with this id.

    Raises:
        BatchNotFound: there is no such batch of this owner.
    """
    row = session.get(BatchRow, batch_id) if is_valid_id(batch_id) else None
    if row is None or row.owner != owner:
        raise BatchNotFound(f"there is no batch {batch_id}")
    return row


def states(session: Session, batch_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of jobs in each state, for each batch."""
    counts = {batch_id: dict.fromkeys(STATES, 0) for batch_id in batch_ids}
    query = select(RegistrationRow.batch_id, RegistrationRow.state, func.count())
    query = query.where(RegistrationRow.batch_id.in_(batch_ids))
    for batch_id, state, count in session.execute(
        query.group_by(RegistrationRow.batch_id, RegistrationRow.state)
    ):
        counts[str(batch_id)][state] = count
    return counts


def cancel(session: Session, batch: BatchRow, *, actor: str, limit: int = CANCELLED_AT_ONCE) -> int:
    """Cancel at most ``limit`` unfinished jobs of the batch; return the number of cancelled jobs.

    Call it in one transaction after another until it returns 0: each holds the lock of the audit log.
    """
    unfinished = (RegistrationRow.batch_id == batch.id, RegistrationRow.state.in_(("queued", "running")))
    ids = list(session.scalars(select(RegistrationRow.id).where(*unfinished).limit(limit)))
    queued = delete(OutboxRow).where(OutboxRow.registration_id.in_(ids))
    session.execute(queued, execution_options=NO_SESSION_SYNC)
    ending = update(JOBS).where(JOBS.c.id.in_(ids), *unfinished).returning(*SHOWN)
    ended = {"state": "cancelled", "finished_at": clock.now(session), "lease_until": None}
    cancelled = session.connection().execute(ending.values(**ended)).all()
    session.execute(queued, execution_options=NO_SESSION_SYNC)  # a retry may have queued one in the meantime
    if cancelled:
        jobs = [row.id for row in cancelled]
        about: dict[str, Any] = {"actor": actor, "batch": batch.id, "jobs": jobs}
        events.record(session, "batch.cancelled", cancelled, "cancelled", **about)
    return len(ids)


def _choice(row: RegistrationRequest) -> list[Any]:
    """Return the chosen images of files with several, for the audit log; empty without a choice."""
    chosen = [row.fixed_channel, row.fixed_frame, row.moving_channel, row.moving_frame]
    return chosen if any(value is not None for value in chosen) else []
