"""Cursors for paginated lists: an opaque encoding of the last item of a page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query

from api.errors import CursorInvalid
from db.pages import Position

LimitQuery = Annotated[int, Query(ge=1, le=200, description="Maximum number of items on the page.")]
CursorQuery = Annotated[str | None, Query(description="`next_cursor` of the previous page.", max_length=200)]
REMEDY = "use `next_cursor` of the previous page unchanged"


def encode(position: Position) -> str:
    """Return the cursor of a position."""
    text = f"{position.created_at.isoformat()} {position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str | None) -> Position | None:
    """Return the position of a cursor.

    Raises:
        CursorInvalid: the text is not a cursor of this service.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, row_id = text.partition(" ")
        created_at = datetime.fromisoformat(at)
        created_at.astimezone(UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise CursorInvalid(REMEDY) from None
    if created_at.tzinfo is None or not row_id.isascii() or "\0" in row_id:
        raise CursorInvalid(REMEDY)
    return Position(created_at, row_id)


def next_cursor(rows: Sequence[Any], more: bool) -> str | None:
    """Return the cursor of the next page, or None if there is none."""
    return encode(Position(rows[-1].created_at, rows[-1].id)) if more else None
