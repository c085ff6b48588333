"""The ends of a job: finished, failed, tried again, or taken from a worker that is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import audit, events, line, unsettled
from db.claims import Claim, held
from db.engine import ROWS_ALONE
from db.rows import RegistrationRow, ResultRow
from db.types import utc_now

ATTEMPTS = 8  # over two minutes: a server that is away has time to come back
LOST = 3  # workers that a job may take with it before it counts as the cause
BACKOFF, LONGEST_BACKOFF = timedelta(seconds=1), timedelta(minutes=1)
WORKER_LOST = "worker-lost"

STATE_AFTER = {
    "registration.succeeded": "succeeded",
    "registration.failed": "failed",
    "registration.retried": "queued",
}
Fault = Literal["input", "system"]


def finish(session: Session, claim: Claim, body: dict[str, Any], registered_key: str) -> bool:
    """Record the result; False, and nothing is recorded, where the claim no longer stands."""
    now = utc_now()
    row = _leave(session, claim, state="succeeded", finished_at=now)
    if row is None:
        return False
    session.add(
        ResultRow(
            registration_id=claim.registration_id,
            attempt=claim.attempt,
            body=body,
            registered_key=registered_key,
            created_at=now,
        )
    )
    unsettled.settle(session, registered_key)
    _audit(session, "registration.succeeded", claim, row, result=body)
    return True


def fail(session: Session, claim: Claim, fault: Fault, code: str, message: str) -> bool:
    """Give the job up for good; False where the claim no longer stands."""
    failure = {"fault": fault, "failure_code": code, "failure_message": message}
    row = _leave(session, claim, state="failed", finished_at=utc_now(), **failure)
    if row is None:
        return False
    _audit(session, "registration.failed", claim, row, **failure)
    return True


def retry(session: Session, claim: Claim, code: str, message: str, now: datetime | None = None) -> bool:
    """Queue the job again, later each time, or fail it after the last attempt, by the system's fault."""
    most = LOST if code == WORKER_LOST else ATTEMPTS
    if claim.attempt >= most:
        return fail(session, claim, "system", code, f"{message} (attempt {claim.attempt} of {most})")
    row = _leave(session, claim, state="queued")
    if row is None:
        return False
    due_at = (now or utc_now()) + min(BACKOFF * 2 ** (claim.attempt - 1), LONGEST_BACKOFF)
    line.join(session, row, due_at, ahead=True)
    _audit(session, "registration.retried", claim, row, failure_code=code, failure_message=message)
    return True


def requeue_expired(session: Session, now: datetime | None = None) -> int:
    """Retry each running job whose worker has let its lease run out; how many there were."""
    now = now or utc_now()
    expired = session.execute(
        select(RegistrationRow.id, RegistrationRow.attempt, RegistrationRow.worker)
        .where(RegistrationRow.lease_until < now)
        .with_for_update(skip_locked=True)
    ).all()
    lost = "the worker stopped without a word"
    return sum(retry(session, Claim(*row), WORKER_LOST, f"{lost} ({row.worker})", now) for row in expired)


def _leave(session: Session, claim: Claim, **values: Any) -> RegistrationRow | None:
    """Move the job out of ``running`` if the claim still stands."""
    leaving = update(RegistrationRow).where(*held(claim)).values(lease_until=None, **values)
    left = session.execute(leaving.returning(RegistrationRow), execution_options=ROWS_ALONE)
    return left.scalar_one_or_none()


def _audit(session: Session, event: str, claim: Claim, row: RegistrationRow, **payload: Any) -> None:
    about = {"registration": claim.registration_id, "attempt": claim.attempt}
    entry = audit.record(session, event, actor=claim.worker, **about, **payload)
    events.tell(session, entry, [row], STATE_AFTER[event])
