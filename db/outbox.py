"""What the relay reads: jobs that no worker has been told about."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from db.engine import ROWS_ALONE
from db.rows import OutboxRow
from db.types import utc_now

RESEND_AFTER = timedelta(seconds=5)


def due(
    session: Session | Connection, limit: int = 100, now: datetime | None = None
) -> list[tuple[int, str]]:
    """Entries to be published now, oldest first, as (entry, registration) ids."""
    query = select(OutboxRow.id, OutboxRow.registration_id)
    query = query.where(OutboxRow.sent_at.is_(None), OutboxRow.due_at <= (now or utc_now()))
    return [tuple(row) for row in session.execute(query.order_by(OutboxRow.due_at).limit(limit))]


def mark_sent(session: Session, entries: list[int], now: datetime | None = None) -> None:
    """Note that these entries were published; they stay until a worker claims the job."""
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(entries)).values(sent_at=now or utc_now()),
        execution_options=ROWS_ALONE,
    )


def resend_lost(session: Session, now: datetime | None = None) -> int:
    """Publish again what was sent a while ago; to be called when the broker's queue is empty."""
    sent_before = (now or utc_now()) - RESEND_AFTER
    lost = update(OutboxRow).where(OutboxRow.sent_at < sent_before).values(sent_at=None)
    return session.execute(lost, execution_options=ROWS_ALONE).rowcount
