"""Queue entries, and the messages that wake the workers.

A message carries no data; the worker that it wakes runs jobs until the queue is empty. While many messages
wait, every worker is busy, and no further ones are sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.orm import Session

from db import clock, job_queue
from db.engine import NO_SESSION_SYNC, affected_rows
from db.rows import OutboxRow, RegistrationRow

QUEUE = "registrations"  # of the broker
TASK = "xebra.run_next_job"
MAX_WAITING = 64  # messages; more would find no jobs
RESEND_AFTER = timedelta(seconds=5)
_DUE = (  # built once: the relay executes it after each change of the database
    select(OutboxRow.id, OutboxRow.registration_id)
    .where(OutboxRow.sent_at.is_(None), OutboxRow.due_at <= bindparam("now"))
    .order_by(OutboxRow.due_at)
    .limit(bindparam("limit"))
)


def due(
    session: Session | Connection, limit: int = 100, now: datetime | None = None
) -> list[tuple[int, str]]:
    """Return the unpublished due entries, oldest first, as pairs of entry id and registration id."""
    rows = session.execute(_DUE, {"now": now or clock.now(session), "limit": limit})
    return [(row.id, row.registration_id) for row in rows]


def traces(session: Session | Connection, registration_ids: list[str]) -> dict[str, str | None]:
    """Return the ``traceparent`` of each job."""
    query = select(RegistrationRow.id, RegistrationRow.traceparent)
    rows = session.execute(query.where(RegistrationRow.id.in_(registration_ids)))
    return {row.id: row.traceparent for row in rows}


def mark_sent(session: Session, entries: list[int], now: datetime | None = None) -> None:
    """Mark entries as published; they remain until a worker claims the job."""
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(entries)).values(sent_at=now or clock.now(session)),
        execution_options=NO_SESSION_SYNC,
    )


def resend_lost(session: Session, now: datetime | None = None) -> int:
    """Publish old entries again; return their number. Call it only if the queue of the broker is empty."""
    sent_before = (now or clock.now(session)) - RESEND_AFTER
    return affected_rows(
        session, update(OutboxRow).where(OutboxRow.sent_at < sent_before).values(sent_at=None)
    )


def mark_unsent(session: Session, registration_id: str) -> None:
    """Have the relay publish the entry of a job whose message was not sent."""
    entry = OutboxRow.registration_id == registration_id
    session.execute(update(OutboxRow).where(entry).values(sent_at=None), execution_options=NO_SESSION_SYNC)
    job_queue.notify(session)
