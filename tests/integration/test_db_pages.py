"""Pages contain every row once, even if many have the same time."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from api import paging
from db import pages
from db.rows import ImageRow
from db.types import utc_now


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_rows_with_the_same_time_are_listed_once_on_pages_of_any_size(database, limit):
    moment, ids = utc_now(), [str(uuid4()) for _ in range(7)]
    with database.writing() as session:
        session.add_all(image(row_id, moment) for row_id in ids)
    found, cursor, more = [], None, True
    while more:
        with database.reading() as session:
            after = paging.decode(cursor)
            rows, more = pages.page(session, select(ImageRow), ImageRow, limit, after)
        assert len(rows) <= limit
        found += [row.id for row in rows]
        cursor = paging.next_cursor(rows, more)
    assert found == sorted(ids, reverse=True) and cursor is None


def image(row_id: str, moment) -> ImageRow:
    fields = {"name": "a.tif", "media_type": "image/tiff", "size_bytes": 1, "sha256": "0" * 64}
    size = {"height": 64, "width": 64, "channels": 1, "dtype": "uint8"}
    return ImageRow(id=row_id, store_key=f"images/{row_id}", created_at=moment, **fields, **size)
