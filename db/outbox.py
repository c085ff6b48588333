"""Queue entries that the relay publishes to the broker."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from db import clock
from db.engine import NO_SESSION_SYNC, affected_rows
from db.rows import OutboxRow, RegistrationRow

RESEND_AFTER = timedelta(seconds=5)


def due(
    session: Session | Connection, limit: int = 100, now: datetime | None = None
) -> list[tuple[int, str]]:
    """Return the unpublished due entries, oldest first, as pairs of entry id and registration id."""
    query = select(OutboxRow.id, OutboxRow.registration_id)
    query = query.where(OutboxRow.sent_at.is_(None), OutboxRow.due_at <= (now or clock.now(session)))
    rows = session.execute(query.order_by(OutboxRow.due_at).limit(limit))
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
