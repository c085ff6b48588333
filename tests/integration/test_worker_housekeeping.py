"""Expired data and objects without a row are deleted, and nothing else."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from support.jobs import RESULT, claim_next, do, submit, upload

from db import audit, deliveries, job_transitions, pending_objects, tags, webhooks
from db.rows import LOCAL, AuditRow, DeliveryRow, ImageRow, PendingObjectRow, RegistrationRow
from db.types import utc_now
from worker.housekeeping import Housekeeping
from worker.supervisor import rotate_log


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def test_object_of_a_killed_writer_is_deleted_after_a_day(database, store):
    for key in ("images/old/original", "images/new/original"):
        do(database, pending_objects.register, key)
        store.put(key, io.BytesIO(b"x"))
    with database.writing() as session:
        old = update(PendingObjectRow).where(PendingObjectRow.key == "images/old/original")
        session.execute(old.values(created_at=utc_now() - timedelta(days=2)))
    housekeeping = Housekeeping(database, lambda: store)
    assert [housekeeping.delete_pending_objects(), housekeeping.delete_pending_objects()] == [1, 0]
    assert list(store.list()) == ["images/new/original"]


def test_expired_registration_is_deleted_and_the_audit_log_is_kept(database, store):
    job = submit(database)
    hook = do(database, webhooks.add, LOCAL, "https://127.0.0.1/hook", "tester")
    held = claim_next(database)
    store.put(held.registered_key, io.BytesIO(b"x"))
    do(database, job_transitions.finish, held, RESULT)
    do(database, tags.change, job, ["thin film"], [], actor="tester")
    do(database, deliveries.queue_new)
    do(database, webhooks.remove, hook, actor="tester")
    waiting = submit(database, fixed_mask_image_id=upload(database))
    housekeeping = Housekeeping(database, lambda: store, keep_days=1)
    assert housekeeping.expire() == 0
    with database.writing() as session:
        long_ago = utc_now() - timedelta(days=2)
        session.execute(update(RegistrationRow).values(created_at=long_ago))
        session.execute(update(ImageRow).values(created_at=long_ago))
        assert session.execute(update(DeliveryRow).values(created_at=long_ago)).rowcount == 1
        ended = update(RegistrationRow).where(RegistrationRow.id == job).values(finished_at=long_ago)
        session.execute(ended)
    assert housekeeping.expire() == 3  # the job, and its images, which were in use until then
    assert housekeeping.delete_pending_objects() == 1
    assert list(store.list()) == []
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow.id)).all() == [waiting]
        assert session.scalars(select(DeliveryRow)).all() == []
        assert len(session.scalars(select(ImageRow)).all()) == 3  # of the waiting job, its mask included
        assert audit.verify(session) == []
        events = session.scalars(select(AuditRow.event)).all()
    assert events.count("registration.expired") == 1 and events.count("registration.succeeded") == 1


def test_pending_delivery_is_kept_however_old_it_is(database, store):
    do(database, webhooks.add, LOCAL, "https://127.0.0.1/hook", "tester")
    submit(database), submit(database)
    for _ in range(2):
        do(database, job_transitions.finish, claim_next(database), RESULT)
    do(database, deliveries.queue_new)
    with database.writing() as session:
        delivered, pending = session.scalars(select(DeliveryRow)).all()
        for row in (delivered, pending):
            row.created_at = utc_now() - timedelta(days=400)
        delivered.due_at = None
    Housekeeping(database, lambda: store, keep_days=1).expire()
    with database.reading() as session:
        assert session.scalars(select(DeliveryRow.id)).all() == [pending.id]


def test_large_log_is_rotated_while_it_is_written(tmp_path):
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * 100)
        rotate_log(log, max_bytes=100)
        assert log.stat().st_size == 100
        writer.write(b"b")
        rotate_log(log, max_bytes=100)
        writer.write(b"c")
    assert log.read_bytes() == b"c"
    assert (tmp_path / "api.old.log").read_bytes() == b"a" * 100 + b"b"
