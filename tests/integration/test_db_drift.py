"""The drift watch on both databases: windows, a change, its notice, acknowledgement, retention."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from support.drift_jobs import Jobs
from support.jobs import do, query
from support.worker import run, submit

from db import deliveries, drift, retention, webhooks
from db.errors import DriftUnchanged
from db.rows import (
    AuditRow,
    DeliveryRow,
    DriftSampleRow,
    DriftStateRow,
    EventRow,
    ResultRow,
)
from db.store import open_store
from db.types import utc_now
from worker.context import WorkerContext
from worker.drift_watch import DriftWatch
from xebra.align import Aligner
from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS

SIZES = {"size": WINDOW_JOBS, "reference_jobs": REFERENCE_JOBS}


def published(database, owner: str) -> list[EventRow]:
    events = select(EventRow).where(EventRow.owner == owner, EventRow.drift.is_not(None))
    return query(database, lambda session: list(session.scalars(events.order_by(EventRow.seq))))


def state(database, owner: str) -> DriftStateRow | None:
    return query(database, drift.state, owner)


def test_change_is_noticed_with_examples_and_acknowledged(database):
    jobs, other, watch = Jobs(database, "sem-1"), Jobs(database, "sem-2"), DriftWatch(database)
    do(database, webhooks.add, "sem-1", "https://example.org/", "tester")
    do(database, webhooks.add, "sem-2", "https://example.org/", "tester")
    before = jobs.add(REFERENCE_JOBS + 2 * WINDOW_JOBS + 20)
    other.add(REFERENCE_JOBS + 3 * WINDOW_JOBS)
    assert watch.step() == 4 + 2 + 4 + 3
    assert (state(database, "sem-1").state, published(database, "sem-1")) == ("unchanged", [])
    with pytest.raises(DriftUnchanged):
        do(database, drift.acknowledge, "sem-1", actor="tester", **SIZES)
    after = jobs.add(100, shift=5.0, verdict="review")
    assert watch.step() == 2
    (event,) = published(database, "sem-1")
    assert (event.state, event.drift["features"]) == ("changed", ["fixed_noise"])
    row = state(database, "sem-1")
    assert (row.state, row.changed_window, event.drift["window"]) == ("changed", 7, 7)
    assert set(row.examples["before"]) <= set(before) and set(row.examples["after"]) <= {
        *after,
        *before[-20:],
    }
    assert len(set(row.examples["after"]) & set(after)) >= 4
    assert published(database, "sem-2") == [] and state(database, "sem-2").state == "unchanged"
    newest = query(database, drift.windows, "sem-1", 2)
    assert newest[0].verdicts == {"review": 50} and newest[1].verdicts == {"accept": 20, "review": 30}
    do(database, deliveries.queue_new)
    (sent,) = query(database, lambda session: list(session.scalars(select(DeliveryRow))))
    assert (sent.body["type"], sent.body["data"]) == ("drift.changed", event.drift)
    with pytest.raises(DriftUnchanged):
        do(database, drift.acknowledge, "sem-2", actor="tester", **SIZES)
    row = do(database, drift.acknowledge, "sem-1", actor="tester", **SIZES)
    assert (row.state, row.reference_jobs) == ("reference", WINDOW_JOBS)  # the window after the change
    assert [event.state for event in published(database, "sem-1")] == ["changed", "acknowledged"]
    jobs.add(REFERENCE_JOBS, shift=5.0)
    watch.step()
    assert (state(database, "sem-1").state, len(published(database, "sem-1"))) == ("unchanged", 2)
    jobs.add(100)
    watch.step()
    assert state(database, "sem-1").state == "changed"


def test_change_that_ends_is_reported_after_two_windows(database):
    jobs, watch = Jobs(database, "sem-1"), DriftWatch(database)
    for number, shift in ((REFERENCE_JOBS, 0), (50, 5), (50, 0), (50, 5), (50, 0)):
        jobs.add(number, shift)
    watch.step()
    assert [event.state for event in published(database, "sem-1")] == ["changed"]
    jobs.add(50)
    watch.step()
    assert [event.state for event in published(database, "sem-1")] == ["changed", "unchanged"]
    names = select(AuditRow.event).where(AuditRow.event.startswith("drift."))
    found = query(database, lambda session: sorted(session.scalars(names)))
    assert found == ["drift.changed", "drift.unchanged"]


def test_two_relays_use_each_job_once(database):
    jobs = Jobs(database, "sem-1")
    jobs.add(50)
    DriftWatch(database).step()  # the row of the instrument exists
    jobs.add(REFERENCE_JOBS + 6 * WINDOW_JOBS + 7)
    made: list[int] = []
    relays = [threading.Thread(target=lambda: made.append(DriftWatch(database).step())) for _ in range(3)]
    for thread in relays:
        thread.start()
    for thread in relays:
        thread.join()
    assert sum(made) == 10
    sizes = select(DriftSampleRow.window_number, func.count()).group_by(DriftSampleRow.window_number)
    found = dict(query(database, lambda session: [tuple(row) for row in session.execute(sizes)]))
    assert found == {None: 7, **dict.fromkeys(range(1, 12), 50)}


def test_features_are_deleted_with_their_job_and_the_reference_stays(database):
    jobs, watch = Jobs(database, "sem-1"), DriftWatch(database)
    jobs.add(REFERENCE_JOBS)
    jobs.add(50, shift=5.0)
    watch.step()
    examples = state(database, "sem-1").examples
    assert len(examples["before"]) == len(examples["after"]) == drift.EXAMPLES
    while rows := query(database, retention.expired_registrations, utc_now() + timedelta(days=1)):
        for row in rows:
            do(database, retention.delete_row, row, [])
    left = select(func.count()).select_from(DriftSampleRow)
    assert query(database, lambda session: session.scalar(left)) == 0
    assert query(database, drift.existing, "sem-1", examples) == {"before": [], "after": []}
    jobs.add(100)
    watch.step()
    assert state(database, "sem-1").state == "unchanged"  # compared with the reference that was kept


def test_examples_of_another_instrument_are_not_shown(database):
    jobs = Jobs(database, "sem-1").add(1)
    assert query(database, drift.existing, "sem-2", {"before": jobs, "after": jobs}) == {
        "before": [],
        "after": [],
    }


@pytest.fixture
def context(database, tmp_path) -> WorkerContext:
    images = open_store((tmp_path / "images").as_uri())
    return WorkerContext("here:1", database, images, Aligner(), timedelta(seconds=60))


def test_worker_stores_features_of_images_and_result(context):
    job = run(context, submit(context))
    assert job.state == "succeeded"
    (sample,) = query(context.database, lambda session: list(session.scalars(select(DriftSampleRow))))
    verdict = query(context.database, lambda session: session.scalar(select(ResultRow))).body["verdict"]
    assert (sample.registration_id, sample.owner, sample.verdict) == (job.id, job.owner, verdict)
    assert {"fixed_noise", "moving_noise", "fixed_usable", "error", "verdict"} <= set(sample.features)
    assert sample.features["fixed_level"] == sample.features["moving_level"]  # one image


def test_job_ends_where_features_cannot_be_stored(context, monkeypatch):
    def broken(*_args: object) -> None:
        raise RuntimeError("no features")

    monkeypatch.setattr("worker.drift_watch.job_features", broken)
    assert run(context, submit(context)).state == "succeeded"
