"""The order of the job queue: owners in rotation, data collection first, retries first; both databases."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

from support.jobs import LEASE, claim_next, do, get, submit

from db import claims, job_transitions, outbox
from db.types import utc_now


def owner_of_next(database) -> str:
    return get(database, claim_next(database).registration_id).owner


def test_jobs_of_one_owner_are_served_in_order(database):
    submitted = [submit(database, "sem") for _ in range(4)]
    assert [claim_next(database).registration_id for _ in submitted] == submitted
    assert claim_next(database) is None


def test_busy_owner_delays_a_single_job_of_another_by_one(database):
    for _ in range(20):
        submit(database, "busy")
    assert owner_of_next(database) == "busy"
    submit(database, "modest")
    assert "modest" in [owner_of_next(database), owner_of_next(database)]


def test_owners_are_served_in_rotation(database):
    for owner in ("sem", "tem", "xrf"):
        for _ in range(3):
            submit(database, owner)
    served = [owner_of_next(database) for _ in range(9)]
    assert [set(served[start : start + 3]) for start in (0, 3, 6)] == [{"sem", "tem", "xrf"}] * 3


def test_data_collection_is_served_before_bulk(database):
    bulk, urgent = submit(database, "sem"), submit(database, "tem", priority="collection")
    assert [claim_next(database).registration_id for _ in range(2)] == [urgent, bulk]


def test_retried_job_is_served_first_when_it_is_due(database):
    retried, other = submit(database, "sem"), submit(database, "sem")
    now = utc_now()
    do(database, job_transitions.retry, claim_next(database), "engine-failed", "silent", now)
    third = submit(database, "sem")
    assert do(database, claims.claim_next, "w1", LEASE, now).registration_id == other
    later = now + timedelta(seconds=60)
    served = [do(database, claims.claim_next, "w1", LEASE, later).registration_id for _ in range(2)]
    assert served == [retried, third]


def test_retried_job_precedes_jobs_of_other_owners_and_earlier_turns(database):
    """A retried job has the lowest turn of all, so that its wait does not start again."""
    retried = submit(database, "sem")
    others = [submit(database, owner) for owner in ("tem", "xrf", "sem") for _ in range(2)]
    now = utc_now()
    do(database, job_transitions.retry, claim_next(database), "engine-failed", "silent", now)
    later = now + timedelta(seconds=60)
    served = [do(database, claims.claim_next, "w1", LEASE, later).registration_id for _ in (retried, *others)]
    assert served[0] == retried and set(served[1:]) == set(others)


def test_woken_worker_waits_for_the_relay_that_marks_the_only_job(database):
    job = submit(database, "sem")
    with ThreadPoolExecutor(1) as worker, database.writing() as session:
        outbox.mark_sent(session, [entry for entry, _ in outbox.due(session)])
        claim = worker.submit(claim_next, database)
        wait([claim], timeout=0.5)  # long enough to return None
        session.commit()
        assert claim.result().registration_id == job
