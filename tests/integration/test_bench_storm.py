"""The account of bench/storm.py finds every kind of wrong end of a job."""

from __future__ import annotations

import pytest
import storm_tally
from sqlalchemy import delete, update
from storm_clients import CANCELLED, GOOD, INVALID
from support.jobs import RESULT, claim, do, query, submit

from db import audit, job_transitions, jobs
from db.engine import Database
from db.rows import RegistrationRow, ResultRow

RIGHT = dict.fromkeys(
    ("lost", "doubled", "created twice", "failed wrongly", "ended wrongly", "ends without an audit entry"), 0
)


@pytest.fixture
def accepted(sqlite_database: Database) -> dict[str, str]:
    """A job of each kind, ended as it should."""
    good, invalid, cancelled = (submit(sqlite_database) for _ in range(3))
    do(sqlite_database, job_transitions.finish, claim(sqlite_database, good), RESULT)
    refused = claim(sqlite_database, invalid)
    do(
        sqlite_database,
        job_transitions.fail,
        refused,
        "input",
        "pixel-spacing-invalid",
        "give the right ones",
    )
    do(sqlite_database, jobs.cancel, cancelled, actor="tester")
    return {good: GOOD, invalid: INVALID, cancelled: CANCELLED}


def found(database: Database, accepted: dict[str, str]) -> dict[str, int]:
    counts = query(database, storm_tally.tally, accepted)
    return {name: counts[name] for name in RIGHT}


def test_right_ends_are_no_faults(sqlite_database, accepted):
    assert found(sqlite_database, accepted) == RIGHT


def test_unfinished_and_vanished_jobs_are_lost(sqlite_database, accepted):
    more = {submit(sqlite_database): GOOD, "no such job": GOOD}
    assert found(sqlite_database, accepted | more) == RIGHT | {"lost": 2}


def test_job_that_nobody_accepted_was_created_twice(sqlite_database, accepted):
    submit(sqlite_database)
    assert found(sqlite_database, accepted) == RIGHT | {"created twice": 1}


def test_failed_good_job_is_wrong(sqlite_database, accepted):
    job = submit(sqlite_database)
    do(sqlite_database, job_transitions.fail, claim(sqlite_database, job), "system", "worker-lost", "lost")
    wrong = {"failed wrongly": 1, "ended wrongly": 1}
    assert found(sqlite_database, accepted | {job: GOOD}) == RIGHT | wrong


def test_second_end_in_the_audit_log_is_doubled(sqlite_database, accepted):
    good = next(iter(accepted))
    do(sqlite_database, audit.record, "registration.failed", actor="w2", registration=good)
    assert found(sqlite_database, accepted) == RIGHT | {"doubled": 1}


def test_end_without_an_entry_is_found(sqlite_database, accepted):
    job = submit(sqlite_database)
    with sqlite_database.writing() as session:
        session.execute(delete(ResultRow))  # keeps the fault apart from that of the audit log
        ended = {"state": "cancelled"}
        session.execute(update(RegistrationRow).where(RegistrationRow.id == job).values(ended))
    assert found(sqlite_database, accepted | {job: CANCELLED}) == RIGHT | {"ends without an audit entry": 1}
