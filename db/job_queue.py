"""The job queue: fair scheduling among owners by turn numbers.

Each queued job has a turn; the lowest turn is served first. The first job of an owner gets the turn that is
being served; each further job gets the next turn after the owner's last. Owners are thus served in rotation,
independent of their number of jobs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from db import bulk, clock
from db.engine import NO_SESSION_SYNC, is_postgresql
from db.rows import PRIORITIES, OutboxRow, RegistrationRow

LOCK_TIMEOUT_S, LOCK_POLL_S = 10.0, 0.005
_OUTBOX = cast(Table, OutboxRow.__table__)


def _first_due(now: ColumnElement[datetime]) -> Select[int]:
    """Return the query of the entry that is served next."""
    order = (_OUTBOX.c.rank, _OUTBOX.c.turn, _OUTBOX.c.id)
    return select(_OUTBOX.c.id).where(_OUTBOX.c.due_at <= now).order_by(*order).limit(1)


def take_due(now: ColumnElement[datetime]) -> ReturningDelete[str]:
    """Return the statement that removes the entry that is served next, unless others have locked it."""
    first = _first_due(now).with_for_update(skip_locked=True).scalar_subquery()
    return delete(_OUTBOX).where(_OUTBOX.c.id == first).returning(_OUTBOX.c.registration_id)


_FIRST, _TAKE = _first_due(bindparam("now")), take_due(bindparam("now"))  # built once
CHANNEL = "xebra_outbox"  # PostgreSQL notifies the relays of new entries on this channel


def enqueue(
    session: Session,
    row: RegistrationRow | Row[Any],
    due_at: datetime,
    first: bool = False,
    sent_at: datetime | None = None,
) -> None:
    """Queue a job after the owner's other jobs, or before all of its priority (``first``: a retry).

    An entry with ``sent_at`` is not published by the relay: the caller sends its message.
    """
    rank = PRIORITIES.index(row.priority)
    turn = _lowest_turn(session, rank) - 1 if first else _next_turn(session, row.owner, rank)
    entry = OutboxRow(registration_id=row.id, owner=row.owner, rank=rank, turn=turn, due_at=due_at)
    entry.sent_at = sent_at
    session.add(entry)
    if sent_at is None:
        notify(session)


def enqueue_all(session: Session, ids: Sequence[str], owner: str, priority: str, due_at: datetime) -> None:
    """Queue many jobs of one owner and one priority, in this order."""
    rank = PRIORITIES.index(priority)
    first = _next_turn(session, owner, rank)
    columns = {"registration_id": ids, "turn": range(first, first + len(ids))}
    bulk.insert_rows(session, _OUTBOX, columns, {"owner": owner, "rank": rank, "due_at": due_at})
    notify(session)


def dequeue(session: Session, registration_id: str) -> None:
    """Remove a job from the queue, if it is queued."""
    entry = OutboxRow.registration_id == registration_id
    session.execute(delete(OutboxRow).where(entry), execution_options=NO_SESSION_SYNC)


def take(session: Session, now: datetime | None = None) -> str | None:
    """Remove the entry of the next due job and return the id of the job, or None if none is due.

    Entries that other transactions have locked are skipped. If all due entries are locked, wait for one: the
    relay may be marking it, and the worker that it woke must find the job. The wait has a timeout, because
    the process that holds the lock may be suspended.
    """
    connection, end = session.connection(), time.monotonic() + LOCK_TIMEOUT_S
    while True:
        at = {"now": now or clock.now(session)}
        taken: str | None = connection.execute(_TAKE, at).scalar()
        if taken is not None or connection.execute(_FIRST, at).scalar() is None or time.monotonic() > end:
            return taken
        time.sleep(LOCK_POLL_S)


def notify(session: Session) -> None:
    """Notify the relays of new entries (PostgreSQL)."""
    if is_postgresql(session):
        session.execute(text(f"NOTIFY {CHANNEL}"))


def _next_turn(session: Session, owner: str, rank: int) -> int:
    own = select(func.max(OutboxRow.turn)).where(OutboxRow.owner == owner, OutboxRow.rank == rank)
    lowest = select(func.min(OutboxRow.turn)).where(OutboxRow.rank == rank)
    last, first = session.execute(select(own.scalar_subquery(), lowest.scalar_subquery())).one()
    return (first or 0) if last is None else max(first, last + 1)


def _lowest_turn(session: Session, rank: int) -> int:
    """Return the turn that is being served."""
    return session.scalar(select(func.min(OutboxRow.turn)).where(OutboxRow.rank == rank)) or 0
