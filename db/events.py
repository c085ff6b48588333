"""What has become of the jobs, in the order in which it became visible."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from db import webhooks
from db.rows import AuditRow, EventRow, RegistrationRow
from db.types import utc_now

CHANNEL = "xebra_events"  # on which PostgreSQL tells the API processes that there is news
PER_ENTRY = 1 << 20  # an audit entry may stand for the jobs of a whole batch


def tell(session: Session, entry: AuditRow, rows: Iterable[RegistrationRow], state: str) -> None:
    """These jobs have come to ``state`` by what ``entry`` says.

    Who writes to the audit holds its lock until the commit, so that numbers taken from it are seen in order.
    """
    now = utc_now()
    told = [
        {
            "seq": entry.seq * PER_ENTRY + number,
            "owner": row.owner,
            "registration_id": row.id,
            "batch_id": row.batch_id,
            "state": state,
            "attempt": row.attempt,
            "at": now,
        }
        for number, row in enumerate(rows)
    ]
    if told:
        session.execute(insert(EventRow), told)
        webhooks.announce(session, told)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def last(session: Session) -> int:
    """The number of the newest event of all."""
    return session.scalar(select(func.max(EventRow.seq))) or 0


def after(
    session: Session, seq: int, owner: str | None = None, registration_id: str | None = None, limit: int = 500
) -> list[EventRow]:
    """Events after ``seq``, of everybody or of one owner or job, oldest first."""
    query = select(EventRow).where(EventRow.seq > seq)
    if owner is not None:
        query = query.where(EventRow.owner == owner)
    if registration_id is not None:
        query = query.where(EventRow.registration_id == registration_id)
    return list(session.scalars(query.order_by(EventRow.seq).limit(limit)))
