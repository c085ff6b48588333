"""Proof of work: a worker is seen when it consumes, a relay when it reaches the broker."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.engine import ROWS_ALONE
from db.rows import HeartbeatRow
from db.types import utc_now

FORGOTTEN_AFTER = timedelta(days=1)


def beat(session: Session, role: str, name: str, now: datetime | None = None) -> None:
    """Note that this process did its work just now."""
    now = now or utc_now()
    seeing = update(HeartbeatRow).where(HeartbeatRow.name == name).values(seen_at=now)
    seen = session.execute(seeing, execution_options=ROWS_ALONE)
    if seen.rowcount == 0:
        session.execute(delete(HeartbeatRow).where(HeartbeatRow.seen_at < now - FORGOTTEN_AFTER))
        session.add(HeartbeatRow(name=name, role=role, seen_at=now))


def last_seen(session: Session, role: str) -> datetime | None:
    """When any process of this role last did its work."""
    return session.scalar(select(func.max(HeartbeatRow.seen_at)).where(HeartbeatRow.role == role))


def forget_all_of(session: Session, host: str) -> None:
    """No process of this host has proved anything since it was started anew."""
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.name.startswith(f"{host}:", autoescape=True)))
