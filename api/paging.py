"""Lists in pages: a cursor says where the last page ended, in a form that only this service reads."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from api.errors import CursorInvalid
from db.pages import Position

LimitQuery = Annotated[int, Query(ge=1, le=200, description="How many items a page holds at most.")]
CursorQuery = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=200)]


def encode(position: Position) -> str:
    """The cursor of a position."""
    said = f"{position.created_at.isoformat()} {position.id}"
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def decode(cursor: str | None) -> Position | None:
    """The position of a cursor; raises ``CursorInvalid``."""
    if cursor is None:
        return None
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, row_id = said.partition(" ")
        created_at = datetime.fromisoformat(at)
        created_at.astimezone(UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise CursorInvalid("give `next_cursor` of the page before, unchanged") from None
    if created_at.tzinfo is None or not row_id.isascii() or "\0" in row_id:
        raise CursorInvalid("give `next_cursor` of the page before, unchanged")
    return Position(created_at, row_id)


def next_cursor(rows: list, more: bool) -> str | None:
    """The cursor for the page after these rows, if there is one."""
    return encode(Position(rows[-1].created_at, rows[-1].id)) if more else None
