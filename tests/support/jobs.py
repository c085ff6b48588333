"""Steps of a job, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from db import claims, images, jobs
from db.engine import Database
from db.rows import LOCAL, ImageRow, RegistrationRow
from db.types import utc_now

LEASE = timedelta(seconds=30)
RESULT = {"scale": 1.5, "verdict": "accept"}


def do(database: Database, step: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the storage layer in a writing transaction."""
    with database.writing() as session:
        return step(session, *args, **kwargs)


def query(database: Database, step: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the storage layer in a reading transaction."""
    with database.reading() as session:
        return step(session, *args, **kwargs)


def upload(database: Database, owner: str = LOCAL) -> str:
    """Add the row of an image, without a file; return its id."""
    row = ImageRow(
        id=str(uuid4()), owner=owner, name="a.tif", media_type="image/tiff", size_bytes=1, sha256="0" * 64
    )
    row.height, row.width, row.channels, row.dtype = 64, 64, 1, "uint8"
    row.store_key, row.created_at = f"images/{row.id}", utc_now()
    do(database, images.add, row, actor="tester")
    return row.id


def submit(database: Database, owner: str = LOCAL, published: bool = False, **settings: Any) -> str:
    """Submit a job on two new images; return its id. ``published``: its message is sent by the caller."""
    request = jobs.RegistrationRequest(
        upload(database, owner), upload(database, owner), network="paper", **settings
    )
    about = {"actor": "tester", "request_id": "r1", "owner": owner, "published": published}
    return do(database, jobs.submit, request, **about).id


def claim(database: Database, job: str, worker: str = "w1") -> claims.Claim | None:
    """Claim a job."""
    return do(database, claims.claim_job, job, worker, LEASE)


def claim_next(database: Database) -> claims.Claim | None:
    """Claim the next job of the queue."""
    return do(database, claims.claim_next, "w1", LEASE)


def get(database: Database, job: str) -> RegistrationRow:
    """Return the row of a job."""
    return query(database, jobs.get, job)
