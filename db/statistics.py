"""Figures for who watches the service: what waits, for how long, how jobs ended lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from db.rows import STATES, OutboxRow, RegistrationRow
from db.types import utc_now

LATELY = timedelta(minutes=5)
MOST = 2000  # recent jobs that are looked at


class Waiting(NamedTuple):
    """What one instrument has in the queue."""

    owner: str
    jobs: int
    oldest_s: float


class Ended(NamedTuple):
    """A job that ended lately: how, after how many attempts, and how long each phase took."""

    outcome: str
    attempts: int
    seconds: dict[str, float]


def waiting(session: Session, now: datetime | None = None) -> list[Waiting]:
    """One for each instrument that has anything in the queue."""
    now = now or utc_now()
    query = select(OutboxRow.owner, func.count(), func.min(OutboxRow.due_at)).group_by(OutboxRow.owner)
    found = session.execute(query)
    return [Waiting(owner, jobs, max(0.0, (now - since).total_seconds())) for owner, jobs, since in found]


def states(session: Session) -> dict[str, int]:
    """How many jobs there are in each state, of all instruments."""
    query = select(RegistrationRow.state, func.count()).group_by(RegistrationRow.state)
    return dict.fromkeys(STATES, 0) | dict(session.execute(query).tuples().all())


def ended_lately(session: Session, now: datetime | None = None) -> list[Ended]:
    """The newest jobs that were submitted lately and have ended."""
    query = select(RegistrationRow).options(joinedload(RegistrationRow.result))
    query = query.where(RegistrationRow.created_at > (now or utc_now()) - LATELY)
    query = query.where(RegistrationRow.finished_at.is_not(None))
    rows = session.scalars(query.order_by(RegistrationRow.created_at.desc()).limit(MOST))
    return [_ended(row) for row in rows]


def _ended(row: RegistrationRow) -> Ended:
    seconds = {"total": (row.finished_at - row.created_at).total_seconds()}
    if row.started_at is not None:
        seconds["waiting"] = (row.started_at - row.created_at).total_seconds()
        seconds["working"] = (row.finished_at - row.started_at).total_seconds()
    if row.result is None:
        return Ended(f"{row.state}_{row.fault}" if row.fault else row.state, row.attempt, seconds)
    seconds["engine"] = row.result.body.get("timings_s", {}).get("estimate", 0.0)
    return Ended(row.result.body["verdict"], row.attempt, seconds)
