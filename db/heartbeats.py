"""Heartbeats: a worker records one when it consumes a message, a relay when it reaches the broker."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db import clock
from db.engine import affected_rows
from db.rows import HeartbeatRow

RETENTION = timedelta(days=1)


def record(session: Session, role: str, name: str, now: datetime | None = None) -> None:
    """Record that this process worked at this moment."""
    now = now or clock.now(session)
    if affected_rows(session, update(HeartbeatRow).where(HeartbeatRow.name == name).values(seen_at=now)) == 0:
        session.execute(delete(HeartbeatRow).where(HeartbeatRow.seen_at < now - RETENTION))
        session.add(HeartbeatRow(name=name, role=role, seen_at=now))


def last_seen(session: Session, role: str) -> datetime | None:
    """Return the time of the last heartbeat of any process with this role."""
    return session.scalar(select(func.max(HeartbeatRow.seen_at)).where(HeartbeatRow.role == role))


def is_recent(session: Session, seen: datetime, within: timedelta) -> bool:
    """Return whether a heartbeat is not older than ``within``."""
    return clock.now(session) - seen <= within


def delete_for_host(session: Session, host: str) -> None:
    """Delete the heartbeats of a host whose processes were restarted."""
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.name.startswith(f"{host}:", autoescape=True)))
