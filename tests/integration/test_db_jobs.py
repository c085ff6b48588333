"""The state machine of a job: each transition happens once, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from support.jobs import LEASE, RESULT, claim, do, get, submit, upload

from db import audit, claims, images, job_transitions, jobs, outbox
from db.errors import ImageNotFound, RegistrationEnded, RegistrationNotFound
from db.rows import AuditRow, OutboxRow, RegistrationRow, ResultRow
from db.types import utc_now

LATER = timedelta(hours=1)


def test_submitted_job_is_queued_and_audited(database):
    job = submit(database)
    assert get(database, job).state == "queued"
    with database.reading() as session:
        assert [found for _, found in outbox.due(session)] == [job]
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert last.event == "registration.submitted" and job in last.payload


def test_job_on_unknown_image_is_rejected_without_trace(database):
    request = jobs.RegistrationRequest(upload(database), str(uuid4()))
    with pytest.raises(ImageNotFound):
        do(database, jobs.submit, request, actor="tester", request_id="r1")
    with database.reading() as session:
        assert session.scalars(select(RegistrationRow)).all() == []


def test_job_runs_and_succeeds(database):
    job = submit(database)
    held = claim(database, job)
    running = get(database, job)
    assert (running.state, running.attempt, running.worker) == ("running", 1, "w1")
    assert do(database, job_transitions.finish, held, RESULT)
    done = get(database, job)
    assert (done.state, done.result.body, done.lease_until) == ("succeeded", RESULT, None)
    assert done.created_at <= done.started_at <= done.finished_at


def test_second_claim_of_a_job_returns_none(database):
    job = submit(database)
    assert claim(database, job) is not None
    assert claim(database, job, "w2") is None


def test_one_of_many_concurrent_claims_succeeds(database):
    for _ in range(5):
        job = submit(database)
        with ThreadPoolExecutor(4) as pool:
            claims = list(pool.map(lambda worker, job=job: claim(database, job, worker), "abcd"))
        assert sum(found is not None for found in claims) == 1


def test_claimed_job_is_removed_from_the_queue(database):
    claim(database, submit(database))
    with database.reading() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_job_finishes_once(database):
    held = claim(database, submit(database))
    assert do(database, job_transitions.finish, held, RESULT)
    assert not do(database, job_transitions.finish, held, RESULT)
    with database.reading() as session:
        assert session.scalars(select(ResultRow.registered_key)).all() == [held.registered_key]


def test_queued_job_is_cancelled_at_once(database):
    job = submit(database)
    assert do(database, jobs.cancel, job, actor="tester").state == "cancelled"
    assert claim(database, job) is None


def test_claim_is_invalid_after_cancellation(database):
    job = submit(database)
    held = claim(database, job)
    do(database, jobs.cancel, job, actor="tester")
    assert not do(database, claims.renew, held, LEASE)
    assert not do(database, job_transitions.finish, held, RESULT)
    assert get(database, job).result is None


def test_finished_job_cannot_be_cancelled(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT)
    with pytest.raises(RegistrationEnded, match="already succeeded"):
        do(database, jobs.cancel, job, actor="tester")


def test_job_on_image_of_another_owner_is_rejected(database):
    request = jobs.RegistrationRequest(upload(database, "sem"), upload(database, "tem"))
    with pytest.raises(ImageNotFound):
        do(database, jobs.submit, request, actor="tester", request_id="r1", owner="sem")


def test_job_of_another_owner_is_not_found(database):
    job = submit(database, "sem")
    for step in (jobs.get, jobs.cancel):
        actor = {"actor": "tester"} if step is jobs.cancel else {}
        with pytest.raises(RegistrationNotFound):
            do(database, step, job, owner="tem", **actor)
    assert get(database, job).state == "queued"


def test_unknown_job_is_not_found(database):
    with pytest.raises(RegistrationNotFound, match="no registration nothing"):
        do(database, jobs.cancel, "nothing", actor="tester")


@pytest.mark.parametrize("step", [jobs.get, jobs.cancel, images.get])
def test_id_with_nul_is_not_found(database, step):
    actor = {"actor": "tester"} if step is jobs.cancel else {}
    with pytest.raises((RegistrationNotFound, ImageNotFound), match="there is no"):
        do(database, step, "a\0b", **actor)


def test_job_is_loaded_with_its_images(database):
    job = get(database, submit(database))
    assert (job.fixed_image.name, job.moving_image.id) == ("a.tif", job.moving_image_id)


def test_renewed_lease_does_not_expire(database):
    held = claim(database, submit(database))
    assert do(database, claims.renew, held, LATER)
    assert do(database, job_transitions.requeue_expired, utc_now() + 2 * LEASE) == 0


def test_expired_lease_is_requeued_and_invalidates_the_claim(database):
    job = submit(database)
    lost = claim(database, job)
    assert do(database, job_transitions.requeue_expired, utc_now() + 2 * LEASE) == 1
    assert get(database, job).state == "queued"
    again = claim(database, job, "w2")
    assert again.attempt == 2
    assert not do(database, job_transitions.finish, lost, RESULT)
    assert do(database, job_transitions.finish, again, RESULT)


def test_lost_worker_after_other_faults_does_not_fail_the_job(database):
    """The causes are counted separately: neither alone has reached its limit."""
    job = submit(database)
    for _ in range(job_transitions.MAX_SYSTEM_FAULTS - 1):
        do(database, job_transitions.retry, claim(database, job), "object-missing", "not found")
    for _ in range(job_transitions.MAX_OUTAGES - 1):
        do(database, job_transitions.retry, claim(database, job), "engine-failed", "no answer")
    for _ in range(job_transitions.MAX_LOST_WORKERS - 1):
        assert claim(database, job) is not None
        do(database, job_transitions.requeue_expired, utc_now() + LATER)
    assert get(database, job).state == "queued"
    assert do(database, job_transitions.finish, claim(database, job), RESULT)


def test_message_counts_the_attempts_of_its_cause(database):
    job = submit(database)
    claim(database, job)
    do(database, job_transitions.requeue_expired, utc_now() + LATER)
    do(database, job_transitions.retry, claim(database, job), "engine-failed", "no answer")
    for _ in range(job_transitions.MAX_SYSTEM_FAULTS):
        do(database, job_transitions.retry, claim(database, job), "object-missing", "not found")
    limit = job_transitions.MAX_SYSTEM_FAULTS
    assert get(database, job).failure_message == f"not found (attempt {limit} of {limit})"


def test_outages_of_half_an_hour_do_not_fail_a_job(database):
    waits = [min(2**n, 60) for n in range(job_transitions.MAX_OUTAGES - 1)]
    assert sum(waits) >= 1800
    for code in ("engine-failed", "store-unavailable", "operational-error"):
        assert job_transitions.CAUSES[code] == job_transitions.OUTAGE


def test_repeatedly_lost_workers_fail_the_job_as_a_system_fault(database):
    job = submit(database)
    for _ in range(job_transitions.MAX_LOST_WORKERS):
        assert claim(database, job) is not None
        do(database, job_transitions.requeue_expired, utc_now() + LATER)
    ended = get(database, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "system", "worker-lost")
    assert claim(database, job) is None


def test_backoff_doubles_with_each_retry(database):
    job = submit(database)
    now = utc_now()
    for wait in (1, 2):
        do(database, job_transitions.retry, claim(database, job), "engine-failed", "no answer", now)
        with database.reading() as session:
            assert outbox.due(session, now=now + timedelta(seconds=wait - 0.1)) == []
            assert len(outbox.due(session, now=now + timedelta(seconds=wait))) == 1


def test_input_fault_fails_the_job_at_the_first_attempt(database):
    job = submit(database)
    do(database, job_transitions.fail, claim(database, job), "input", "image-unusable", "a.tif is constant")
    ended = get(database, job)
    assert (ended.state, ended.fault, ended.failure_message) == ("failed", "input", "a.tif is constant")


def test_published_entry_is_resent_only_if_lost(database):
    job = submit(database)
    with database.writing() as session:
        outbox.mark_sent(session, [entry for entry, _ in outbox.due(session)])
        assert outbox.due(session) == []
        assert outbox.resend_lost(session) == 0
        assert outbox.resend_lost(session, utc_now() + LATER) == 1
        assert [found for _, found in outbox.due(session)] == [job]


def test_every_transition_is_audited(database):
    done, cancelled = submit(database), submit(database)
    do(database, job_transitions.finish, claim(database, done), RESULT)
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
