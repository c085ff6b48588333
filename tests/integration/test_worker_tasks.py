"""One message runs the jobs of the queue; a worker that stops leaves the rest to others."""

from datetime import timedelta

import pytest
from support.jobs import get
from support.worker import submit

from db.store import open_store
from worker import draining, tasks
from worker.app import app
from worker.broker import queue_length
from worker.context import WorkerContext
from xebra.align import Aligner


@pytest.fixture
def context(sqlite_database, tmp_path, redis_server, monkeypatch) -> WorkerContext:
    """The context of this process, as a worker on a real broker with an empty queue."""
    store = open_store((tmp_path / "images").as_uri())
    found = WorkerContext("here:1", sqlite_database, store, Aligner(), timedelta(seconds=30))
    monkeypatch.setattr(tasks, "worker_context", lambda: found)
    monkeypatch.setenv("XEBRA_BROKER_URL", redis_server)  # read once, at the first use of the app
    monkeypatch.setattr(app.conf, "broker_url", redis_server)
    with app.connection_or_acquire() as connection:
        connection.default_channel.client.flushdb()
    return found


def states(context: WorkerContext, jobs: list[str]) -> list[str]:
    return [get(context.database, job).state for job in jobs]


def test_one_message_runs_every_job_of_the_queue(context):
    jobs = [submit(context, network="paper") for _ in range(3)]
    tasks.run_next_job()
    assert (states(context, jobs), queue_length(app)) == (["succeeded"] * 3, 0)


def test_message_is_sent_again_after_some_jobs(context, monkeypatch):
    monkeypatch.setattr(tasks, "JOBS_PER_MESSAGE", 2)
    jobs = [submit(context, network="paper") for _ in range(3)]
    tasks.run_next_job()
    assert (states(context, jobs), queue_length(app)) == (["succeeded"] * 2 + ["queued"], 1)


def test_worker_that_stops_takes_no_further_job(context, monkeypatch):
    monkeypatch.setattr(draining, "requested", lambda: True)
    jobs = [submit(context, network="paper") for _ in range(2)]
    tasks.run_next_job()
    assert (states(context, jobs), queue_length(app)) == (["succeeded", "queued"], 1)


def test_superfluous_message_ends_at_once(context):
    tasks.run_next_job()
    assert queue_length(app) == 0
