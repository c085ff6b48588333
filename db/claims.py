"""Claims: one attempt of one worker at one job, valid while its lease is renewed.

Every transition is a conditional update. Of two processes that try the same transition one succeeds; the
other receives None or False.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, DateTime, Executable, Interval, Table, bindparam, func, update
from sqlalchemy.orm import Session

from db import clock, events, job_queue
from db.engine import affected_rows, is_postgresql
from db.rows import RegistrationRow

JOBS = cast(Table, RegistrationRow.__table__)
SHOWN = (  # columns of a job that its transitions return
    *(JOBS.c.id, JOBS.c.owner, JOBS.c.batch_id, JOBS.c.attempt),
    *(JOBS.c.priority, JOBS.c.request_id, JOBS.c.finished_at, JOBS.c.traceparent),
)
_QUEUED = (  # built once, as its variants
    update(JOBS)
    .where(JOBS.c.state == "queued")
    .values(state="running", attempt=JOBS.c.attempt + 1, worker=bindparam("by"))
    .returning(*SHOWN)
)
_CLAIM = _QUEUED.where(JOBS.c.id == bindparam("job")).values(
    started_at=bindparam("started"), lease_until=bindparam("until")
)
_NOW = func.clock_timestamp(type_=DateTime(timezone=True))  # of PostgreSQL
_STARTS_NOW = _QUEUED.values(started_at=_NOW, lease_until=_NOW + bindparam("lease", type_=Interval))
_CLAIM_NOW = _STARTS_NOW.where(JOBS.c.id == bindparam("job"))
_TAKEN = job_queue.take_due(_NOW).cte("taken")
_CLAIM_NEXT = _STARTS_NOW.where(JOBS.c.id == _TAKEN.c.registration_id)


@dataclass(frozen=True)
class Claim:
    """One attempt at one job, held by one worker until the lease expires."""

    registration_id: str
    attempt: int
    worker: str
    request_id: str = "-"  # of the request that submitted the job, for the log
    traceparent: str | None = None  # of the same request

    @property
    def registered_key(self) -> str:
        """Return the object key of the registered image, which is made at the first request for it."""
        return f"registrations/{self.registration_id}/{self.attempt}/registered.tif"


def claim_job(
    session: Session, registration_id: str, worker: str, lease: timedelta, now: datetime | None = None
) -> Claim | None:
    """Claim a queued job for one attempt; return None if the job is not queued."""
    claim = _claim(session, registration_id, worker, lease, now)
    if claim is not None:
        job_queue.dequeue(session, registration_id)
    return claim


def claim_next(session: Session, worker: str, lease: timedelta, now: datetime | None = None) -> Claim | None:
    """Claim the next job of the queue; return None if the queue is empty."""
    if now is None and is_postgresql(session):
        claim = _started(session, worker, _CLAIM_NEXT, {"by": worker, "lease": lease})
        if claim is not None:
            return claim  # otherwise the first entry is locked, or of a job that is no longer queued
    while (registration_id := job_queue.take(session, now)) is not None:
        if (claim := _claim(session, registration_id, worker, lease, now)) is not None:
            return claim
    return None


def _claim(
    session: Session, registration_id: str, worker: str, lease: timedelta, now: datetime | None
) -> Claim | None:
    if now is None and is_postgresql(session):
        return _started(session, worker, _CLAIM_NOW, {"job": registration_id, "by": worker, "lease": lease})
    now = now or clock.now(session)
    values = {"job": registration_id, "started": now, "by": worker, "until": now + lease}
    return _started(session, worker, _CLAIM, values)


def _started(session: Session, worker: str, claim_one: Executable, values: dict[str, Any]) -> Claim | None:
    """Execute a statement that claims a job, and record its start; None if it has claimed none."""
    claimed = session.connection().execute(claim_one, values).one_or_none()
    if claimed is None:
        return None
    claim = Claim(claimed.id, claimed.attempt, worker, claimed.request_id, claimed.traceparent)
    about = {"registration": claim.registration_id, "attempt": claim.attempt}
    events.record(session, "registration.started", [claimed], "running", actor=worker, **about)
    return claim


def renew(session: Session, claim: Claim, lease: timedelta, now: datetime | None = None) -> bool:
    """Extend the lease; return False if the job was cancelled or claimed by another worker."""
    until = clock.expression(session, now, lease)
    return affected_rows(session, update(JOBS).where(*held(claim)).values(lease_until=until)) == 1


def held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions under which a claim is valid."""
    return (
        JOBS.c.id == claim.registration_id,
        JOBS.c.state == "running",
        JOBS.c.attempt == claim.attempt,
    )
