"""Objects being written to the image store, registered so that those of killed writers can be deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db import clock
from db.engine import NO_SESSION_SYNC
from db.rows import PendingObjectRow

EXPIRES_AFTER = timedelta(days=1)  # longer than any upload and any job


def register(session: Session, key: str) -> None:
    """Register an object before it is written."""
    session.add(PendingObjectRow(key=key, created_at=clock.now(session)))


def commit(session: Session, key: str) -> None:
    """Remove the registration of an object: a row refers to it, or it was deleted."""
    session.execute(
        delete(PendingObjectRow).where(PendingObjectRow.key == key), execution_options=NO_SESSION_SYNC
    )


def expired(session: Session, now: datetime | None = None, limit: int = 100) -> list[str]:
    """Return the keys of objects that were registered more than a day ago."""
    before = (now or clock.now(session)) - EXPIRES_AFTER
    query = select(PendingObjectRow.key).where(PendingObjectRow.created_at < before)
    return list(session.scalars(query.order_by(PendingObjectRow.created_at).limit(limit)))


def count(session: Session, prefix: str) -> int:
    """Return the number of objects under a prefix that are being written, not those to be deleted."""
    row = PendingObjectRow
    query = select(func.count()).where(row.key.startswith(prefix, autoescape=True))
    return session.scalar(query.where(row.created_at >= clock.now(session) - EXPIRES_AFTER)) or 0


def discard(session: Session, key: str) -> None:
    """Register an object to which no row refers any more for immediate deletion."""
    session.execute(delete(PendingObjectRow).where(PendingObjectRow.key == key))
    session.add(PendingObjectRow(key=key, created_at=clock.now(session) - 2 * EXPIRES_AFTER))
