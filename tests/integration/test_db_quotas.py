"""Quotas hold however many requests arrive at the same time, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from support.jobs import do, upload

from db import batches, images, jobs, keys, webhooks
from db.engine import Database
from db.errors import QuotaExceeded
from db.rows import ImageRow, InstrumentRow, OutboxRow
from db.types import utc_now

AT_ONCE = 12


@pytest.fixture
def instrument(database: Database) -> InstrumentRow:
    limits = {"max_queued_jobs": 100, "max_stored_bytes": 1000}
    return do(database, keys.add_instrument, "sem", "tester", **limits)


def all_at_once(step) -> None:
    """Call it in many threads that begin together; refusals are expected."""
    barrier = threading.Barrier(AT_ONCE)

    def one(_: int) -> None:
        barrier.wait()
        with suppress(QuotaExceeded):
            step()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(AT_ONCE)))


def test_parallel_batches_do_not_exceed_the_quota_of_jobs(database, instrument):
    request = jobs.RegistrationRequest(upload(database, "sem"), upload(database, "sem"))

    def submit() -> None:
        with database.writing() as session:
            keys.check_queue_quota(session, instrument, 60)
            batches.submit(session, [request] * 60, owner="sem", actor="tester", request_id="r")

    all_at_once(submit)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 60


def test_parallel_uploads_do_not_exceed_the_quota_of_bytes(database, instrument):
    def add() -> None:
        with database.writing() as session:
            keys.reserve_storage(session, instrument, 400)
            images.add(session, image(400), "tester")

    all_at_once(add)
    with database.reading() as session:
        assert session.scalar(select(func.sum(ImageRow.size_bytes))) == 800


def test_parallel_webhooks_do_not_exceed_their_number(database, instrument):
    def add() -> None:
        with database.writing() as session:
            webhooks.add(session, "sem", "https://example.org/hook", "tester")

    for _ in range(webhooks.MAX_ENDPOINTS - 2):
        add()
    all_at_once(add)
    with database.reading() as session:
        assert len(webhooks.list_active(session, "sem")) == webhooks.MAX_ENDPOINTS


def test_limit_that_was_lowered_holds_at_once(database, instrument):
    """The row is read anew: that of the caller may be some seconds old."""
    with database.writing() as session:
        session.get_one(InstrumentRow, "sem").max_queued_jobs = 1
    with database.writing() as session, pytest.raises(QuotaExceeded):
        keys.check_queue_quota(session, instrument, 2)


def image(size: int) -> ImageRow:
    row = ImageRow(id=str(uuid4()), owner="sem", name="a.tif", media_type="image/tiff", sha256="0" * 64)
    row.size_bytes, row.height, row.width, row.channels, row.dtype = size, 64, 64, 1, "uint8"
    row.store_key, row.created_at = f"images/{row.id}", utc_now()
    return row
