"""A machine whose clock is two minutes ahead neither takes jobs from their workers nor delays them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.jobs import RESULT, claim, do, get, submit

from db import clock, heartbeats, job_transitions, outbox
from db.engine import Database
from db.migrate import migrate

AHEAD = """
import sys
from datetime import timedelta
import db.types
real = db.types.utc_now
db.types.utc_now = lambda: real() + timedelta(seconds=120)  # before any other module takes it
from db import heartbeats, job_transitions, outbox
from db.engine import Database
with Database(sys.argv[1]).writing() as session:
    print(job_transitions.requeue_expired(session), len(outbox.due(session)))
    heartbeats.record(session, "relay", "ahead")
"""


@pytest.fixture
def postgresql(new_postgres_url):
    """SQLite has one machine, hence one clock."""
    database = Database(new_postgres_url())
    migrate(database)
    yield database
    database.close()


def relay_ahead(database: Database) -> tuple[int, int]:
    """Run a sweep on a machine whose clock is ahead; return the numbers of requeued and of due jobs."""
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", AHEAD, url]
    requeued, due = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return int(requeued), int(due)


def test_running_job_keeps_its_lease(postgresql):
    job = submit(postgresql)
    held = claim(postgresql, job)
    assert relay_ahead(postgresql) == (0, 0)
    assert do(postgresql, job_transitions.finish, held, RESULT)
    assert get(postgresql, job).attempt == 1


def test_retried_job_waits_for_its_due_time(postgresql):
    job = submit(postgresql)
    for _ in range(5):  # the next attempt is due in 16 s
        do(postgresql, job_transitions.retry, claim(postgresql, job), "engine-failed", "no answer")
    assert relay_ahead(postgresql) == (0, 0)
    with postgresql.reading() as session:
        assert outbox.due(session) == []


def test_heartbeat_is_not_in_the_future(postgresql):
    relay_ahead(postgresql)
    with postgresql.reading() as session:
        assert heartbeats.last_seen(session, "relay") <= clock.now(session)
