"""Long lists in pages, newest first; a page starts after the last item of the one before."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session


class Position(NamedTuple):
    """Where a page ended."""

    created_at: datetime
    id: str


def page(session: Session, query: Select, row_class, limit: int, after: Position | None) -> tuple[list, bool]:
    """At most ``limit`` rows of ``query`` that come after a position, and whether there are more."""
    order = (row_class.created_at, row_class.id)
    if after is not None:
        types = [column.type for column in order]
        query = query.where(tuple_(*order) < tuple_(*after, types=types))
    query = query.order_by(*(column.desc() for column in order)).limit(limit + 1)
    rows = list(session.scalars(query))
    return rows[:limit], len(rows) > limit
