"""Search by names, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute

ESCAPE = "\\"
MAX_WORDS = 8


def named(text: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that each word of ``text`` is in one of the columns; capitals do not matter."""
    words = text.split()[:MAX_WORDS]
    return and_(
        true(), *(or_(*(column.ilike(_pattern(word), ESCAPE) for column in columns)) for word in words)
    )


def _pattern(word: str) -> str:
    for special in (ESCAPE, "%", "_"):
        word = word.replace(special, ESCAPE + special)
    return f"%{word}%"
