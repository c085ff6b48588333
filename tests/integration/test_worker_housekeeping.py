"""What nobody points at any more is removed, and nothing else."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from test_db_jobs import LEASE, RESULT, do, submit

from db import audit, claims, job_transitions, pending_objects, webhooks
from db.rows import LOCAL, AuditRow, DeliveryRow, ImageRow, RegistrationRow, PendingObjectRow
from db.types import utc_now
from worker.housekeeping import Housekeeping
from worker.supervisor import rotate_log


@pytest.fixture
def database(request, tmp_path):
    return request.getfixturevalue("sqlite_database")


def test_an_object_whose_writer_was_killed_is_removed_a_day_later(database, store):
    for key in ("images/old/original", "images/new/original"):
        with database.writing() as session:
            pending_objects.register(session, key)
        store.put(key, io.BytesIO(b"x"))
    with database.writing() as session:
        old = update(PendingObjectRow).where(PendingObjectRow.key == "images/old/original")
        session.execute(old.values(created_at=utc_now() - timedelta(days=2)))
    keeping = Housekeeping(database, lambda: store)
    assert [keeping.delete_pending_objects(), keeping.delete_pending_objects()] == [1, 0]
    assert list(store.list()) == ["images/new/original"]


def test_what_is_older_than_it_is_kept_goes_and_the_audit_stays(database, store):
    job = submit(database)
    hook = do(database, webhooks.add, LOCAL, "https://127.0.0.1/hook", "tester")
    held = do(database, claims.claim_next, "w1", LEASE)
    store.put(held.registered_key, io.BytesIO(b"x"))
    do(database, job_transitions.finish, held, RESULT, held.registered_key)
    do(database, webhooks.remove, hook, actor="tester")
    waiting = submit(database)
    keeping = Housekeeping(database, lambda: store, keep_days=1)
    assert keeping.expire() == 0
    with database.writing() as session:
        long_ago = utc_now() - timedelta(days=2)
        session.execute(update(RegistrationRow).values(created_at=long_ago))
        session.execute(update(ImageRow).values(created_at=long_ago))
        assert session.execute(update(DeliveryRow).values(created_at=long_ago)).rowcount == 1
        ended = update(RegistrationRow).where(RegistrationRow.id == job).values(finished_at=long_ago)
        session.execute(ended)
    assert keeping.expire() == 3  # the job, and its images, which were in use until then
    assert keeping.delete_pending_objects() == 1
    assert list(store.list()) == []
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow.id)).all() == [waiting]
        assert session.scalars(select(DeliveryRow)).all() == []
        assert len(session.scalars(select(ImageRow)).all()) == 2
        assert audit.verify(session) == []
        events = session.scalars(select(AuditRow.event)).all()
    assert events.count("registration.expired") == 1 and events.count("registration.succeeded") == 1


def test_a_log_that_is_written_to_is_set_aside_when_it_is_large(tmp_path):
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
