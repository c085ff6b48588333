"""Whose job is next: owners in rotation, data collection before bulk, on both databases."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from test_db_jobs import LEASE, do, look, submit_as

from db import claims, job_transitions, outbox, pending_objects
from db.types import utc_now


def owner_of_next(database) -> str:
    claim = do(database, claims.claim_next, "w1", LEASE)
    return look(database, claim.registration_id).owner


def test_jobs_of_one_owner_go_in_the_order_in_which_they_came(database):
    submitted = [submit_as(database, "sem") for _ in range(4)]
    served = [do(database, claims.claim_next, "w1", LEASE).registration_id for _ in submitted]
    assert served == submitted
    assert do(database, claims.claim_next, "w1", LEASE) is None


def test_a_busy_owner_delays_anothers_single_job_by_one(database):
    for _ in range(20):
        submit_as(database, "busy")
    assert owner_of_next(database) == "busy"
    submit_as(database, "modest")
    assert "modest" in [owner_of_next(database), owner_of_next(database)]


def test_owners_who_all_wait_are_served_in_rotation(database):
    for owner in ("sem", "tem", "xrf"):
        for _ in range(3):
            submit_as(database, owner)
    served = [owner_of_next(database) for _ in range(9)]
    assert [set(served[start : start + 3]) for start in (0, 3, 6)] == [{"sem", "tem", "xrf"}] * 3


def test_data_collection_goes_before_bulk_whoever_came_first(database):
    bulk, urgent = submit_as(database, "sem"), submit_as(database, "tem", priority="collection")
    served = [do(database, claims.claim_next, "w1", LEASE).registration_id for _ in range(2)]
    assert served == [urgent, bulk]


def test_a_job_tried_again_goes_first_once_it_is_due(database):
    tried, other = submit_as(database, "sem"), submit_as(database, "sem")
    now = utc_now()
    do(database, job_transitions.retry, do(database, claims.claim_next, "w1", LEASE), "engine-failed", "silent", now)
    third = submit_as(database, "sem")
    assert do(database, claims.claim_next, "w1", LEASE, now).registration_id == other
    later = now + timedelta(seconds=60)
    served = [do(database, claims.claim_next, "w1", LEASE, later).registration_id for _ in range(2)]
    assert served == [tried, third]


def test_who_is_woken_while_the_relay_marks_the_only_job_gets_it(database):
    job = submit_as(database, "sem")
    with ThreadPoolExecutor(1) as worker, database.writing() as session:
        outbox.mark_sent(session, [entry for entry, _ in outbox.due(session)])
        claim = worker.submit(do, database, claims.claim_next, "w1", LEASE)
        wait([claim], timeout=0.5)  # long enough to go away
        session.commit()
        assert claim.result().registration_id == job


@pytest.mark.parametrize("end", ["finish", "lost"])
def test_only_a_finished_job_settles_its_object(database, end):
    submit_as(database, "sem")
    claim = do(database, claims.claim_next, "w1", LEASE)
    if end == "finish":
        do(database, job_transitions.finish, claim, {}, claim.registered_key)
    else:
        do(database, job_transitions.requeue_expired, utc_now() + 2 * LEASE)
    expected = [] if end == "finish" else [claim.registered_key]
    with database.reading() as session:
        assert pending_objects.expired(session) == []
        assert pending_objects.expired(session, utc_now() + 2 * pending_objects.EXPIRES_AFTER) == expected
