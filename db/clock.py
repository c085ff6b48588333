"""The clock of the database, by which all processes agree on leases, due times and expiries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, DateTime, func, literal, text
from sqlalchemy.orm import Session

from db.types import UtcTime, utc_now


def now(session: Session | Connection) -> datetime:
    """Return the present time of the database server; SQLite has that of this machine.

    The clocks of the machines around a database may differ by minutes; two of them must never be compared.
    """
    connection = session.connection() if isinstance(session, Session) else session
    if not _is_postgresql(connection):
        return utc_now()
    time: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return time.astimezone(UTC)


def expression(
    session: Session | Connection, now: datetime | None = None, later: timedelta = timedelta(0)
) -> ColumnElement[datetime]:
    """Return the present time, or ``now``, plus ``later`` as SQL, which needs no query of its own."""
    connection = session.connection() if isinstance(session, Session) else session
    if now is None and _is_postgresql(connection):
        time = func.clock_timestamp(type_=DateTime(timezone=True))
        return time + later if later else time
    return literal((now or utc_now()) + later, UtcTime())


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"
