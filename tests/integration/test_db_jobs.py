"""The life of a job: each step happens once, whoever else tries it, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from db import audit, claims, job_transitions, images, jobs, outbox
from db.errors import ImageNotFound, RegistrationEnded, RegistrationNotFound
from db.rows import LOCAL, AuditRow, ImageRow, OutboxRow, RegistrationRow, ResultRow
from db.types import utc_now

LEASE = timedelta(seconds=30)
LATER = timedelta(hours=1)
RESULT = {"scale": 1.5, "verdict": "accept"}


def upload(database, owner: str = LOCAL) -> str:
    row = ImageRow(
        id=str(uuid4()), owner=owner, name="a.tif", media_type="image/tiff", size_bytes=1, sha256="0" * 64
    )
    row.height, row.width, row.channels, row.dtype = 64, 64, 1, "uint8"
    row.store_key, row.created_at = f"images/{row.id}", utc_now()
    with database.writing() as session:
        images.add(session, row, actor="tester")
    return row.id


def submit(database) -> str:
    return submit_as(database, LOCAL)


def submit_as(database, owner: str, **asked) -> str:
    wish = jobs.RegistrationRequest(upload(database, owner), upload(database, owner), network="paper", **asked)
    with database.writing() as session:
        return jobs.submit(session, wish, actor="tester", request_id="r1", owner=owner).id


def claim(database, job: str, worker: str = "w1") -> claims.Claim | None:
    with database.writing() as session:
        return claims.claim_job(session, job, worker, LEASE)


def do(database, step, *args, **kwargs):
    with database.writing() as session:
        return step(session, *args, **kwargs)


def look(database, job: str) -> RegistrationRow:
    with database.reading() as session:
        return jobs.get(session, job)


def test_a_submitted_job_is_queued_announced_and_audited(database):
    job = submit(database)
    assert look(database, job).state == "queued"
    with database.reading() as session:
        assert [found for _, found in outbox.due(session)] == [job]
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert last.event == "registration.submitted" and job in last.payload


def test_a_job_on_an_unknown_image_is_refused_and_leaves_nothing(database):
    wish = jobs.RegistrationRequest(upload(database), str(uuid4()))
    with pytest.raises(ImageNotFound):
        do(database, jobs.submit, wish, actor="tester", request_id="r1")
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow)).all() == []


def test_a_job_goes_from_queued_over_running_to_succeeded(database):
    job = submit(database)
    held = claim(database, job)
    running = look(database, job)
    assert (running.state, running.attempt, running.worker) == ("running", 1, "w1")
    assert do(database, job_transitions.finish, held, RESULT, "key")
    done = look(database, job)
    assert (done.state, done.result.body, done.lease_until) == ("succeeded", RESULT, None)
    assert done.created_at <= done.started_at <= done.finished_at


def test_a_task_delivered_twice_finds_nothing_to_claim(database):
    job = submit(database)
    assert claim(database, job) is not None
    assert claim(database, job, "w2") is None


def test_of_many_claimers_at_once_exactly_one_wins(database):
    for _ in range(5):
        job = submit(database)
        with ThreadPoolExecutor(4) as pool:
            claims = list(pool.map(lambda worker, job=job: claim(database, job, worker), "abcd"))
        assert sum(found is not None for found in claims) == 1


def test_a_claimed_job_is_no_longer_announced(database):
    claim(database, submit(database))
    with database.reading() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_a_job_ends_once_even_if_finished_twice(database):
    held = claim(database, submit(database))
    assert do(database, job_transitions.finish, held, RESULT, "first")
    assert not do(database, job_transitions.finish, held, RESULT, "second")
    with database.reading() as session:
        assert session.scalars(select(ResultRow.registered_key)).all() == ["first"]


def test_a_queued_job_is_cancelled_at_once(database):
    job = submit(database)
    assert do(database, jobs.cancel, job, actor="tester").state == "cancelled"
    assert claim(database, job) is None


def test_a_worker_learns_at_its_next_step_that_its_job_was_cancelled(database):
    job = submit(database)
    held = claim(database, job)
    do(database, jobs.cancel, job, actor="tester")
    assert not do(database, claims.renew, held, LEASE)
    assert not do(database, job_transitions.finish, held, RESULT, "key")
    assert look(database, job).result is None


def test_an_ended_job_cannot_be_cancelled(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT, "key")
    with pytest.raises(RegistrationEnded, match="already succeeded"):
        do(database, jobs.cancel, job, actor="tester")


def test_a_job_on_anothers_image_is_refused_like_one_on_none(database):
    wish = jobs.RegistrationRequest(upload(database, "sem"), upload(database, "tem"))
    with pytest.raises(ImageNotFound):
        do(database, jobs.submit, wish, actor="tester", request_id="r1", owner="sem")


def test_anothers_job_can_neither_be_seen_nor_cancelled(database):
    job = submit_as(database, "sem")
    for step in (jobs.get, jobs.cancel):
        actor = {"actor": "tester"} if step is jobs.cancel else {}
        with pytest.raises(RegistrationNotFound):
            do(database, step, job, owner="tem", **actor)
    assert look(database, job).state == "queued"


def test_an_unknown_job_is_missed_in_words(database):
    with pytest.raises(RegistrationNotFound, match="no registration nothing"):
        do(database, jobs.cancel, "nothing", actor="tester")


@pytest.mark.parametrize("step", [jobs.get, jobs.cancel, images.get])
def test_an_id_that_no_database_could_hold_is_missed_like_any_other(database, step):
    actor = {"actor": "tester"} if step is jobs.cancel else {}
    with pytest.raises((RegistrationNotFound, ImageNotFound), match="there is no"):
        do(database, step, "a\0b", **actor)


def test_a_job_brings_its_images_along(database):
    job = look(database, submit(database))
    assert (job.fixed_image.name, job.moving_image.id) == ("a.tif", job.moving_image_id)


def test_a_kept_lease_does_not_expire(database):
    held = claim(database, submit(database))
    assert do(database, claims.renew, held, LATER)
    assert do(database, job_transitions.requeue_expired, utc_now() + 2 * LEASE) == 0


def test_a_job_whose_worker_is_gone_is_queued_again_and_the_old_worker_can_no_longer_end_it(database):
    job = submit(database)
    lost = claim(database, job)
    assert do(database, job_transitions.requeue_expired, utc_now() + 2 * LEASE) == 1
    assert look(database, job).state == "queued"
    again = claim(database, job, "w2")
    assert again.attempt == 2
    assert not do(database, job_transitions.finish, lost, RESULT, "old")
    assert do(database, job_transitions.finish, again, RESULT, "new")


def test_after_three_attempts_the_system_is_at_fault(database):
    job = submit(database)
    for _ in range(job_transitions.MAX_LOST_WORKERS):
        assert claim(database, job) is not None
        do(database, job_transitions.requeue_expired, utc_now() + LATER)
    ended = look(database, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "system", "worker-lost")
    assert claim(database, job) is None


def test_a_retry_waits_longer_each_time(database):
    job = submit(database)
    now = utc_now()
    for wait in (1, 2):
        do(database, job_transitions.retry, claim(database, job), "engine-failed", "no answer", now)
        with database.reading() as session:
            assert outbox.due(session, now=now + timedelta(seconds=wait - 0.1)) == []
            assert len(outbox.due(session, now=now + timedelta(seconds=wait))) == 1


def test_the_fault_of_the_input_ends_a_job_at_the_first_attempt(database):
    job = submit(database)
    do(database, job_transitions.fail, claim(database, job), "input", "image-unusable", "a.tif is constant")
    ended = look(database, job)
    assert (ended.state, ended.fault, ended.failure_message) == ("failed", "input", "a.tif is constant")


def test_a_sent_entry_is_sent_again_only_if_it_was_lost(database):
    job = submit(database)
    with database.writing() as session:
        outbox.mark_sent(session, [entry for entry, _ in outbox.due(session)])
        assert outbox.due(session) == []
        assert outbox.resend_lost(session) == 0
        assert outbox.resend_lost(session, utc_now() + LATER) == 1
        assert [found for _, found in outbox.due(session)] == [job]


def test_every_step_of_every_job_stands_in_a_whole_audit(database):
    done, cancelled = submit(database), submit(database)
    do(database, job_transitions.finish, claim(database, done), RESULT, "key")
    do(database, jobs.cancel, cancelled, actor="tester")
    with database.reading() as session:
        assert audit.verify(session) == []
        events = session.scalars(select(AuditRow.event).order_by(AuditRow.seq)).all()
    assert events == [
        *["image.uploaded"] * 2,
        "registration.submitted",
        *["image.uploaded"] * 2,
        "registration.submitted",
        "registration.started",
        "registration.succeeded",
        "registration.cancelled",
    ]
