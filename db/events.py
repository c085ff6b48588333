"""State changes of the jobs, numbered in the order in which they became visible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, literal, select
from sqlalchemy.orm import Session

from db import audit
from db.rows import AuditRow, EventRow, NetworkRow, RegistrationRow, SeriesRow
from db.types import UtcTime, utc_now

CHANNEL = "xebra_events"  # a trigger of PostgreSQL notifies the API processes of new events
ENDED = "ended"  # the text of a notification of the end of a registration
_INSERT = insert(EventRow.__table__)  # type: ignore[arg-type]
_AFTER = (  # built once: each API process executes it after each change of the database
    select(EventRow.__table__)
    .where(EventRow.seq > bindparam("seq"))
    .order_by(EventRow.seq)
    .limit(bindparam("limit"))
)


class Changed(Protocol):
    """The columns of a job that an event shows: its row, or what an UPDATE returns."""

    id: Any
    owner: Any
    batch_id: Any
    attempt: Any


def record(
    session: Session,
    event: str,
    rows: Iterable[Changed],
    state: str,
    *,
    actor: str,
    **payload: Any,
) -> AuditRow:
    """Write an audit entry, and publish the change of these jobs to ``state``, which it records.

    A writer of the audit log holds its lock until the commit. Event numbers are derived from audit numbers,
    so that readers see them in ascending order.
    """
    now = utc_now()
    changes = [
        {
            "owner": row.owner,
            "registration_id": row.id,
            "batch_id": row.batch_id,
            "state": state,
            "attempt": row.attempt,
            "at": now,
        }
        for row in rows
    ]
    return audit.append(session, event, actor, payload, changes)


def publish_batch(session: Session, entry: AuditRow, batch_id: str) -> None:
    """Publish that all jobs of a new batch are queued.

    The database copies the rows itself, since the submissions of all instruments wait for the lock of the
    audit log meanwhile.
    """
    number = func.row_number().over(order_by=RegistrationRow.id) - 1
    job = RegistrationRow
    query = select(
        *(literal(entry.seq * audit.MAX_EVENTS, BigInteger) + number, job.owner, job.id, job.batch_id),
        *(literal("queued"), job.attempt, literal(utc_now(), UtcTime)),
    )
    columns = ["seq", "owner", "registration_id", "batch_id", "state", "attempt", "at"]
    session.execute(insert(EventRow).from_select(columns, query.where(job.batch_id == batch_id)))


def publish_series(session: Session, entry: AuditRow, series: SeriesRow) -> None:
    """Publish that frames of a series were added, or that it ended, which the audit entry records."""
    values = {"seq": entry.seq * audit.MAX_EVENTS, "owner": series.owner, "series_id": series.id}
    values |= {"state": series.state, "frames": series.frames, "attempt": 0, "at": utc_now()}
    session.connection().execute(_INSERT, values)


def publish_network(session: Session, entry: AuditRow, network: NetworkRow) -> None:
    """Publish the state of a version of a network, which the audit entry records."""
    values = {"seq": entry.seq * audit.MAX_EVENTS, "owner": network.owner, "network_id": network.id}
    values |= {"state": network.state, "attempt": network.attempt, "at": utc_now()}
    session.connection().execute(_INSERT, values)


def publish_drift(session: Session, entry: AuditRow, owner: str, state: str, about: dict[str, Any]) -> None:
    """Publish that an instrument has changed or is as in its reference, which the audit entry records."""
    values = {"seq": entry.seq * audit.MAX_EVENTS, "owner": owner, "state": state, "drift": about}
    session.connection().execute(_INSERT, values | {"attempt": 0, "at": utc_now()})


def latest_seq(session: Session) -> int:
    """Return the number of the newest event of all owners."""
    return session.scalar(select(func.max(EventRow.seq))) or 0


def of_all(connection: Connection, seq: int, limit: int) -> list[EventRow]:
    """Return the events of all owners after ``seq``, oldest first, with the attributes of their rows."""
    found = connection.execute(_AFTER, {"seq": seq, "limit": limit})
    return cast("list[EventRow]", found.all())


def after(
    connection: Session | Connection,
    seq: int,
    owner: str | None = None,
    registration_id: str | None = None,
    limit: int = 500,
) -> list[EventRow]:
    """Return the events after ``seq``, of all owners or of one owner or registration, oldest first.

    They have the attributes of their rows.
    """
    query = select(EventRow.__table__).where(EventRow.seq > seq)
    if owner is not None:
        query = query.where(EventRow.owner == owner)
    if registration_id is not None:
        query = query.where(EventRow.registration_id == registration_id)
    return cast("list[EventRow]", connection.execute(query.order_by(EventRow.seq).limit(limit)).all())
