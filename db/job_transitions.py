"""State transitions that end an attempt: finish, fail, retry, and requeue after an expired lease."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Row, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from db import clock, events, job_queue
from db.claims import JOBS, SHOWN, Claim, held
from db.engine import is_postgresql
from db.rows import RegistrationRow, ResultRow

# Retry policy
MAX_SYSTEM_FAULTS = 8  # span more than two minutes
MAX_OUTAGES = 36  # span half an hour: a server that restarts several times, or slowly, is no fault of a job
MAX_LOST_WORKERS = 5  # after which the job counts as their cause
INITIAL_BACKOFF, MAX_BACKOFF = timedelta(seconds=1), timedelta(minutes=1)

WORKER_LOST = "worker-lost"
OUTAGE = ("outages", MAX_OUTAGES, "outage")
CAUSES = {  # of an attempt without a result, by code: column, limit, description
    WORKER_LOST: ("lost_workers", MAX_LOST_WORKERS, "lost worker"),
    **dict.fromkeys(("engine-failed", "store-unavailable", "operational-error"), OUTAGE),
}
OTHER_CAUSE = ("system_faults", MAX_SYSTEM_FAULTS, "attempt")
STATE_AFTER = {
    "registration.succeeded": "succeeded",
    "registration.failed": "failed",
    "registration.retried": "queued",
}
RESULTS = cast(Table, ResultRow.__table__)
_INSERT_RESULT = insert(RESULTS)
_ENDED = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"), JOBS.c.state == "running", JOBS.c.attempt == bindparam("number"))
    .values(state="succeeded", lease_until=None, finished_at=func.clock_timestamp())
    .returning(*SHOWN)
    .cte("ended")
)
_STORED = (
    insert(RESULTS)
    .from_select(
        ["registration_id", "attempt", "created_at", "body", "registered_key"],
        select(
            *(_ENDED.c.id, _ENDED.c.attempt, _ENDED.c.finished_at),
            *(bindparam(name, type_=RESULTS.c[name].type) for name in ("body", "registered_key")),
        ),
    )
    .cte("stored")
)
_SUCCEED = select(_ENDED).add_cte(_STORED)  # of PostgreSQL
Fault = Literal["input", "system"]


def finish(session: Session, claim: Claim, body: dict[str, Any]) -> bool:
    """Store the result; return False, without an effect, if the claim is no longer valid."""
    row = _succeed(session, claim, {"body": body, "registered_key": claim.registered_key})
    if row is None:
        return False
    _record(session, "registration.succeeded", claim, row, result=body)
    return True


def _succeed(session: Session, claim: Claim, result: dict[str, Any]) -> Row[Any] | None:
    """End the attempt with this result, on PostgreSQL in one statement; return the columns for its event."""
    if is_postgresql(session):
        about = {"job": claim.registration_id, "number": claim.attempt}
        return session.connection().execute(_SUCCEED, about | result).one_or_none()
    row = _end_attempt(session, claim, state="succeeded", finished_at=clock.expression(session))
    if row is not None:
        about = {"registration_id": row.id, "attempt": row.attempt, "created_at": row.finished_at}
        session.connection().execute(_INSERT_RESULT, about | result)
    return row


def fail(session: Session, claim: Claim, fault: Fault, code: str, message: str, **counts: int) -> bool:
    """Fail the job permanently; return False if the claim is no longer valid."""
    failure = {"fault": fault, "failure_code": code, "failure_message": message}
    ended = {"state": "failed", "finished_at": clock.expression(session)}
    row = _end_attempt(session, claim, **ended, **failure, **counts)
    if row is None:
        return False
    _record(session, "registration.failed", claim, row, **failure)
    return True


def retry(session: Session, claim: Claim, code: str, message: str, now: datetime | None = None) -> bool:
    """Queue the job again with exponential backoff, or fail it as a system fault after the last attempt.

    Lost workers, servers that are not available and other faults are counted separately.
    Returns False if the claim is no longer valid.
    """
    column, limit, what = CAUSES.get(code, OTHER_CAUSE)
    before = session.scalar(select(getattr(RegistrationRow, column)).where(*held(claim)).with_for_update())
    if before is None:
        return False
    count = before + 1
    if count >= limit:
        return fail(
            session, claim, "system", code, f"{message} ({what} {count} of {limit})", **{column: count}
        )
    row = _end_attempt(session, claim, state="queued", **{column: count})
    if row is None:
        return False
    due_at = (now or clock.now(session)) + min(INITIAL_BACKOFF * 2 ** (count - 1), MAX_BACKOFF)
    job_queue.enqueue(session, row, due_at, first=True)
    _record(session, "registration.retried", claim, row, failure_code=code, failure_message=message)
    return True


def requeue_expired(session: Session, now: datetime | None = None) -> int:
    """Retry each running job whose lease has expired; return their number."""
    now = now or clock.now(session)
    expired = session.execute(
        select(RegistrationRow.id, RegistrationRow.attempt, RegistrationRow.worker)
        .where(RegistrationRow.lease_until < now)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(
        retry(session, Claim(row.id, row.attempt, row.worker or "-"), WORKER_LOST, _lost(row.worker), now)
        for row in expired
    )


def _lost(worker: str | None) -> str:
    return f"the worker {worker} stopped without a report"


def _end_attempt(session: Session, claim: Claim, **values: Any) -> Row[Any] | None:
    """Move the job out of ``running`` if the claim is valid; return the columns that its event shows."""
    ending = update(JOBS).where(*held(claim)).values(lease_until=None, **values)
    return session.connection().execute(ending.returning(*SHOWN)).one_or_none()


def _record(session: Session, event: str, claim: Claim, row: Row[Any], **payload: Any) -> None:
    """Write the audit entry and publish the event of a transition."""
    subject = {"registration": claim.registration_id, "attempt": claim.attempt}
    events.record(session, event, [row], STATE_AFTER[event], actor=claim.worker, **subject, **payload)
