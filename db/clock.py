"""The clock of the database, by which all processes agree on leases, due times and expiries."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from db.types import utc_now


def now(session: Session | Connection) -> datetime:
    """Return the present time of the database server; SQLite has that of this machine.

    The clocks of the machines around a database may differ by minutes; two of them must never be compared.
    """
    connection = session.connection() if isinstance(session, Session) else session
    if connection.dialect.name != "postgresql":
        return utc_now()
    time: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return time.astimezone(UTC)
