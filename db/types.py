"""Column types with the same behaviour on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A time-zone aware time, stored and returned in UTC; SQLite stores it without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a time in UTC for the database; raise ValueError for one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time needs a time zone: {value}")
        utc = in_utc(value)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a time of the database with its time zone, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def in_utc(time: datetime) -> datetime:
    """Return the time in UTC, or the first or last one that exists if it lies beyond them."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return (datetime.min if time.year == datetime.min.year else datetime.max).replace(tzinfo=UTC)


def is_valid_id(row_id: str) -> bool:
    """Return whether a row can have this id; PostgreSQL raises an error for text that contains NUL."""
    return "\0" not in row_id


def utc_now() -> datetime:
    """Return the current time with its time zone."""
    return datetime.now(UTC)
