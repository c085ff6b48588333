"""One message runs the jobs of the queue; a worker that stops leaves the rest to others."""

from datetime import timedelta

import numpy as np
import pytest
from support.jobs import do, get, query
from support.service import speckle
from support.worker import submit, upload

from db import adaptations, labels, networks
from db.store import open_store
from worker import draining, tasks
from worker.adaptation_relay import AdaptationRelay
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


def test_adaptation_is_run_by_workers_of_its_own_queue(context):
    database = context.database
    for _ in range(adaptations.MIN_LABELS):  # of one image: no pair could judge
        image = upload(context, speckle())
        do(database, labels.add, "local", (image, image), np.eye(3).tolist(), actor="tester", group="one")
    about = {"actor": "tester", "minutes": 1.0, "seed": 0}
    network = do(database, adaptations.submit, "local", **about).id
    relay = AdaptationRelay(database, lambda: context.store, app, runs_them=False)
    relay.step()
    relay.step()
    assert (queue_length(app, adaptations.QUEUE), queue_length(app)) == (1, 0)
    tasks.adapt()
    row = query(database, networks.get, network)
    assert (row.state, row.attempt) == ("failed", 1) and "group" in row.message
    relay.step()
    tasks.adapt()  # a superfluous message


def test_superfluous_message_ends_at_once(context):
    tasks.run_next_job()
    assert queue_length(app) == 0
