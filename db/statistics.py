"""Figures for who watches the service: what waits, for how long, how jobs ended lately."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Float, Row, func, select
from sqlalchemy.orm import Session

from db.rows import ENDED, STATES, OutboxRow, RegistrationRow, ResultRow
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


class States:
    """How many jobs there are in each state, of all instruments.

    To count millions that have ended takes a second: it is believed for ``dearness`` times as long.
    """

    def __init__(self, dearness: float = 50) -> None:
        self._dearness, self._lock = dearness, threading.Lock()
        self._ended: dict[str, int] = {}
        self._believed_until = 0.0

    def count(self, session: Session) -> dict[str, int]:
        """What has not ended is always counted: it is little, or much that matters."""
        with self._lock:
            if time.monotonic() >= self._believed_until:
                started = time.monotonic()
                self._ended = _counted(session, ENDED)
                now = time.monotonic()
                self._believed_until = now + self._dearness * (now - started)
            ended = self._ended
        unended = [state for state in STATES if state not in ENDED]
        return dict.fromkeys(STATES, 0) | ended | _counted(session, unended)


def ended_lately(session: Session, now: datetime | None = None) -> list[Ended]:
    """The newest jobs that were submitted lately and have ended."""
    row, body = RegistrationRow, ResultRow.body
    engine = body[("timings_s", "estimate")].as_string().cast(Float)
    query = select(row.state, row.fault, row.attempt, row.created_at, row.started_at, row.finished_at)
    query = query.add_columns(body["verdict"].as_string().label("verdict"), engine.label("engine"))
    query = query.outerjoin(ResultRow, ResultRow.registration_id == row.id)
    query = query.where(row.created_at > (now or utc_now()) - LATELY, row.finished_at.is_not(None))
    return [_ended(one) for one in session.execute(query.order_by(row.created_at.desc()).limit(MOST))]


def _counted(session: Session, states: Sequence[str]) -> dict[str, int]:
    query = select(RegistrationRow.state, func.count()).where(RegistrationRow.state.in_(states))
    return dict(session.execute(query.group_by(RegistrationRow.state)).all())


def _ended(row: Row) -> Ended:
    seconds = {"total": (row.finished_at - row.created_at).total_seconds()}
    if row.started_at is not None:
        seconds["waiting"] = (row.started_at - row.created_at).total_seconds()
        seconds["working"] = (row.finished_at - row.started_at).total_seconds()
    if row.verdict is None:
        return Ended(f"{row.state}_{row.fault}" if row.fault else row.state, row.attempt, seconds)
    seconds["engine"] = row.engine or 0.0
    return Ended(row.verdict, row.attempt, seconds)
