"""Statistics for monitoring: queue lengths and ages, job states, outcomes of recent jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Float, Row, func, select
from sqlalchemy.orm import Session

from db import clock
from db.rows import FINAL_STATES, STATES, OutboxRow, RegistrationRow, ResultRow

RECENT = timedelta(minutes=5)
MAX_RECENT_JOBS = 2000


class QueuedJobs(NamedTuple):
    """The queued jobs of one instrument."""

    owner: str
    jobs: int
    oldest_s: float


class FinishedJob(NamedTuple):
    """The outcome of a finished job, its number of attempts, and the duration of each phase in seconds."""

    outcome: str
    attempts: int
    seconds: dict[str, float]


def queued(session: Session, now: datetime | None = None) -> list[QueuedJobs]:
    """Return the queue length and the age of the oldest entry of each instrument with queued jobs."""
    now = now or clock.now(session)
    query = select(OutboxRow.owner, func.count(), func.min(OutboxRow.due_at)).group_by(OutboxRow.owner)
    rows = session.execute(query)
    return [QueuedJobs(owner, jobs, max(0.0, (now - since).total_seconds())) for owner, jobs, since in rows]


class StateCounter:
    """Count the jobs in each state, of all instruments.

    A count of millions of finished jobs takes a second. It is cached for ``cache_factor`` times its duration.
    """

    def __init__(self, cache_factor: float = 50) -> None:
        self._cache_factor, self._lock = cache_factor, threading.Lock()
        self._finished: dict[str, int] = {}
        self._valid_until = 0.0

    def count(self, session: Session) -> dict[str, int]:
        """Return the number of jobs in each state; unfinished jobs are always counted anew."""
        with self._lock:
            if time.monotonic() >= self._valid_until:
                started = time.monotonic()
                self._finished = _count(session, FINAL_STATES)
                now = time.monotonic()
                self._valid_until = now + self._cache_factor * (now - started)
            finished = self._finished
        unfinished = [state for state in STATES if state not in FINAL_STATES]
        return dict.fromkeys(STATES, 0) | finished | _count(session, unfinished)


def recent_jobs(session: Session, now: datetime | None = None) -> list[FinishedJob]:
    """Return the finished jobs among those submitted in the last five minutes, newest first."""
    row, body = RegistrationRow, ResultRow.body
    engine = body[("timings_s", "estimate")].as_string().cast(Float)
    query: Any = select(row.state, row.fault, row.attempt, row.created_at, row.started_at, row.finished_at)
    query = query.add_columns(body["verdict"].as_string().label("verdict"), engine.label("engine"))
    query = query.outerjoin(ResultRow, ResultRow.registration_id == row.id)
    query = query.where(row.created_at > (now or clock.now(session)) - RECENT, row.finished_at.is_not(None))
    query = query.order_by(row.created_at.desc()).limit(MAX_RECENT_JOBS)
    return [_finished_job(job) for job in session.execute(query)]


def _count(session: Session, states: Sequence[str]) -> dict[str, int]:
    query = select(RegistrationRow.state, func.count()).where(RegistrationRow.state.in_(states))
    return {state: count for state, count in session.execute(query.group_by(RegistrationRow.state))}


def _finished_job(row: Row[Any]) -> FinishedJob:
    seconds = {"total": (row.finished_at - row.created_at).total_seconds()}
    if row.started_at is not None:
        seconds["waiting"] = (row.started_at - row.created_at).total_seconds()
        seconds["working"] = (row.finished_at - row.started_at).total_seconds()
    if row.verdict is None:
        return FinishedJob(f"{row.state}_{row.fault}" if row.fault else row.state, row.attempt, seconds)
    seconds["engine"] = row.engine or 0.0
    return FinishedJob(row.verdict, row.attempt, seconds)
