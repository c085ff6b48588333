"""Batches: many pairs submitted together; either all of them are accepted or none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from db import audit, bulk, clock, events, images, job_queue, tracing
from db.claims import JOBS, SHOWN
from db.engine import NO_SESSION_SYNC
from db.errors import BatchNotFound
from db.jobs import RegistrationRequest
from db.rows import STATES, BatchRow, OutboxRow, RegistrationRow
from db.types import is_valid_id

CANCELLED_AT_ONCE = 500
_QUEUED_JOB = cast(Table, OutboxRow.__table__).c.registration_id
OWN = (  # columns in which the jobs of a batch differ
    *("fixed_image_id", "fixed_channel", "fixed_frame"),
    *("moving_image_id", "moving_channel", "moving_frame"),
)


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
    ids = [str(uuid.uuid4()) for _ in requests]
    columns = _own(requests) | {"id": ids, "created_at": list(_times(now, len(requests)))}
    bulk.insert_rows(session, JOBS, columns, common | _shared(requests[0]))
    job_queue.enqueue_all(session, ids, owner, requests[0].priority, now)
    jobs = [[id, *pair, *_choice(request)] for id, pair, request in zip(ids, pairs, requests, strict=True)]
    payload = {"batch": batch.id, "settings": requests[0].settings(), "jobs": jobs}
    entry = audit.record(session, "batch.submitted", actor=actor, **payload)
    events.publish_batch(session, entry, batch.id)
    return batch


def _own(requests: Sequence[RegistrationRequest]) -> dict[str, list[Any]]:
    """Return the columns in which the jobs of a batch differ: images, and what is chosen of a file."""
    values = {name: [getattr(request, name) for request in requests] for name in OWN}
    return {name: of for name, of in values.items() if any(value is not None for value in of)}


def _shared(request: RegistrationRequest) -> dict[str, Any]:
    """Return the settings, which the jobs of a batch share."""
    return {name: value for name, value in vars(request).items() if name not in OWN and value is not None}


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
    queued = delete(OutboxRow).where(bulk.is_in(session, _QUEUED_JOB, ids))
    session.execute(queued, execution_options=NO_SESSION_SYNC)
    ending = update(JOBS).where(bulk.is_in(session, JOBS.c.id, ids), *unfinished[1:]).returning(*SHOWN)
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
