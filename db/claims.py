"""Claims: one attempt of one worker at one job, valid while its lease is renewed.

Every transition is a conditional update. Of two processes that try the same transition one succeeds; the
other receives None or False.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from db import audit, clock, events, job_queue, pending_objects
from db.engine import NO_SESSION_SYNC, affected_rows
from db.rows import RegistrationRow


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
        """Return the object key of the registered image, unique to this attempt."""
        return f"registrations/{self.registration_id}/{self.attempt}/registered.tif"


def claim_job(
    session: Session, registration_id: str, worker: str, lease: timedelta, now: datetime | None = None
) -> Claim | None:
    """Claim a queued job for one attempt; return None if the job is not queued."""
    now = now or clock.now(session)
    claiming = (
        update(RegistrationRow)
        .where(RegistrationRow.id == registration_id, RegistrationRow.state == "queued")
        .values(
            state="running",
            attempt=RegistrationRow.attempt + 1,
            started_at=now,
            worker=worker,
            lease_until=now + lease,
        )
        .returning(RegistrationRow)
    )
    claimed = session.execute(claiming, execution_options=NO_SESSION_SYNC).scalar_one_or_none()
    if claimed is None:
        return None
    job_queue.dequeue(session, registration_id)
    claim = Claim(registration_id, claimed.attempt, worker, claimed.request_id, claimed.traceparent)
    pending_objects.register(session, claim.registered_key)
    entry = audit.record(
        session, "registration.started", actor=worker, registration=registration_id, attempt=claim.attempt
    )
    events.publish(session, entry, [claimed], "running")
    return claim


def claim_next(session: Session, worker: str, lease: timedelta, now: datetime | None = None) -> Claim | None:
    """Claim the next job of the queue; return None if the queue is empty."""
    registration_id = job_queue.next(session, now)
    return None if registration_id is None else claim_job(session, registration_id, worker, lease, now)


def renew(session: Session, claim: Claim, lease: timedelta, now: datetime | None = None) -> bool:
    """Extend the lease; return False if the job was cancelled or claimed by another worker."""
    until = (now or clock.now(session)) + lease
    return affected_rows(session, update(RegistrationRow).where(*held(claim)).values(lease_until=until)) == 1


def held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions under which a claim is valid."""
    return (
        RegistrationRow.id == claim.registration_id,
        RegistrationRow.state == "running",
        RegistrationRow.attempt == claim.attempt,
    )
