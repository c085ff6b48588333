"""Objects that are being written: what is not settled, since its writer was killed, goes a day later."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.engine import ROWS_ALONE
from db.rows import UnsettledRow
from db.types import utc_now

LEFT_AFTER = timedelta(days=1)  # longer than any upload and any job


def expect(session: Session, key: str) -> None:
    """Say, before anything is written, that an object will appear under this key."""
    session.add(UnsettledRow(key=key, since=utc_now()))


def settle(session: Session, key: str) -> None:
    """A row points at the object from now on, or it is gone."""
    session.execute(delete(UnsettledRow).where(UnsettledRow.key == key), execution_options=ROWS_ALONE)


def left(session: Session, now: datetime | None = None, limit: int = 100) -> list[str]:
    """Keys whose writers have had a day and have not come back."""
    before = (now or utc_now()) - LEFT_AFTER
    query = select(UnsettledRow.key).where(UnsettledRow.since < before).order_by(UnsettledRow.since)
    return list(session.scalars(query.limit(limit)))


def leave(session: Session, key: str) -> None:
    """Nobody points at this object any more: it is removed at the next opportunity."""
    session.execute(delete(UnsettledRow).where(UnsettledRow.key == key))
    session.add(UnsettledRow(key=key, since=utc_now() - 2 * LEFT_AFTER))
