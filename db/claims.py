"""One attempt at a job: claimed by a worker, kept while somebody works on it.

Every step is a conditional update, so of two that try the same step one succeeds and the other learns that it
came too late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from db import audit, events, line, unsettled
from db.engine import ROWS_ALONE
from db.rows import RegistrationRow
from db.types import utc_now


@dataclass(frozen=True)
class Claim:
    """One attempt at one job; whoever holds it works on it until its lease ends."""

    registration_id: str
    attempt: int
    worker: str
    request_id: str = "-"  # of the request that submitted it, for the log

    @property
    def registered_key(self) -> str:
        """Where this attempt keeps the registered image; no other attempt does."""
        return f"registrations/{self.registration_id}/{self.attempt}/registered.tif"


def take(
    session: Session, registration_id: str, worker: str, lease: timedelta, now: datetime | None = None
) -> Claim | None:
    """Take a queued job for one attempt; None where there is nothing to take."""
    now = now or utc_now()
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
    claimed = session.execute(claiming, execution_options=ROWS_ALONE).scalar_one_or_none()
    if claimed is None:
        return None
    line.leave(session, registration_id)
    claim = Claim(registration_id, claimed.attempt, worker, claimed.request_id)
    unsettled.expect(session, claim.registered_key)
    entry = audit.record(
        session, "registration.started", actor=worker, registration=registration_id, attempt=claim.attempt
    )
    events.tell(session, entry, [claimed], "running")
    return claim


def take_next(session: Session, worker: str, lease: timedelta, now: datetime | None = None) -> Claim | None:
    """Take the job whose turn it is; None where nobody waits."""
    registration_id = line.first(session, now)
    return None if registration_id is None else take(session, registration_id, worker, lease, now)


def keep(session: Session, claim: Claim, lease: timedelta, now: datetime | None = None) -> bool:
    """Prolong the lease; False where the job was cancelled or given to another."""
    until = (now or utc_now()) + lease
    keeping = update(RegistrationRow).where(*held(claim)).values(lease_until=until)
    kept = session.execute(keeping, execution_options=ROWS_ALONE)
    return kept.rowcount == 1


def held(claim: Claim) -> tuple:
    """The condition under which a claim still stands."""
    return (
        RegistrationRow.id == claim.registration_id,
        RegistrationRow.state == "running",
        RegistrationRow.attempt == claim.attempt,
    )
