"""Keyset pagination, newest first: a page starts after the last item of the previous one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

T = TypeVar("T")


class Position(NamedTuple):
    """The sort key of the last item of a page."""

    created_at: datetime
    id: str


def page(
    session: Session, query: Select[T], row_class: Any, limit: int, after: Position | None
) -> tuple[list[T], bool]:
    """Return at most ``limit`` rows of ``query`` after a position, and whether there are more."""
    order = (row_class.created_at, row_class.id)
    if after is not None:
        types = [column.type for column in order]
        query = query.where(tuple_(*order) < tuple_(*after, types=types))
    query = query.order_by(*(column.desc() for column in order)).limit(limit + 1)
    rows = list(session.scalars(query))
    return rows[:limit], len(rows) > limit
