"""Claims: one attempt of one worker at one job, valid while its lease is renewed.

Every transition is a conditional update. Of two processes that try the same transition one succeeds; the
other receives None or False.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from db import audit, clock, events, job_queue
from db.engine import NO_SESSION_SYNC, affected_rows
from db.rows import RegistrationRow

SHOWN = (  # columns of a job that its transitions return
    *(RegistrationRow.id, RegistrationRow.owner, RegistrationRow.batch_id, RegistrationRow.attempt),
    *(RegistrationRow.priority, RegistrationRow.request_id, RegistrationRow.finished_at),
)


@dataclass(frozen=True)
class Claim:
    """One attempt at one job, held by one worker until the lease expires."""

    registration_id: str
    attempt: int
    worker: str
    request_id: str = "-"  # of the request that submitted the job, for the log

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
    while (registration_id := job_queue.take(session, now)) is not None:
        if (claim := _claim(session, registration_id, worker, lease, now)) is not None:
            return claim
    return None


def _claim(
    session: Session, registration_id: str, worker: str, lease: timedelta, now: datetime | None
) -> Claim | None:
    time = clock.expression(session, now)
    claiming = (
        update(RegistrationRow)
        .where(RegistrationRow.id == registration_id, RegistrationRow.state == "queued")
        .values(
            state="running",
            attempt=RegistrationRow.attempt + 1,
            started_at=time,
            worker=worker,
            lease_until=clock.expression(session, now, lease),
        )
        .returning(*SHOWN)
    )
    claimed = session.execute(claiming, execution_options=NO_SESSION_SYNC).one_or_none()
    if claimed is None:
        return None
    claim = Claim(registration_id, claimed.attempt, worker, claimed.request_id)
    entry = audit.record(
        session, "registration.started", actor=worker, registration=registration_id, attempt=claim.attempt
    )
    events.publish(session, entry, [claimed], "running")
    return claim


def renew(session: Session, claim: Claim, lease: timedelta, now: datetime | None = None) -> bool:
    """Extend the lease; return False if the job was cancelled or claimed by another worker."""
    until = clock.expression(session, now, lease)
    return affected_rows(session, update(RegistrationRow).where(*held(claim)).values(lease_until=until)) == 1


def held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions under which a claim is valid."""
    return (
        RegistrationRow.id == claim.registration_id,
        RegistrationRow.state == "running",
        RegistrationRow.attempt == claim.attempt,
    )
