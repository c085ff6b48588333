"""The lease of a running job: renewed in time, and its loss stops the worker."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from support.jobs import claim, do, get, submit
from support.worker import claimed
from support.worker import submit as submit_images

from db import claims, job_transitions, jobs
from db.folder_store import FolderStore
from db.types import utc_now
from worker.context import WorkerContext
from worker.errors import ClaimLost
from worker.job_runner import run_job
from worker.lease import LeaseRenewer
from xebra.align import Aligner
from xebra.registration import Registration

SHORT = timedelta(seconds=0.3)


class PausedStore(FolderStore):
    """A folder store whose objects are opened only after an event."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opening, self.resume = threading.Event(), threading.Event()

    def open(self, key: str) -> BinaryIO:
        self.opening.set()
        assert self.resume.wait(60)
        return super().open(key)


class CountingAligner(Aligner):
    """An aligner that counts its registrations."""

    registrations = 0

    def register(self, *images, **options) -> Registration:
        self.registrations += 1
        return super().register(*images, **options)


def worker(database, tmp_path, lease: timedelta) -> WorkerContext:
    return WorkerContext("here:1", database, PausedStore(tmp_path / "images"), CountingAligner(), lease)


def test_lease_is_renewed_long_before_it_expires(sqlite_database, tmp_path):
    context = worker(sqlite_database, tmp_path, timedelta(seconds=4))
    held = do(sqlite_database, claims.claim_job, submit(sqlite_database), "w1", context.lease)
    with LeaseRenewer(context, held):
        time.sleep(0.75 * context.lease.total_seconds())
        assert do(sqlite_database, job_transitions.requeue_expired, utc_now() + context.lease / 2) == 0


def test_leases_of_many_jobs_share_one_thread_and_a_lost_one_is_left_alone(sqlite_database, tmp_path):
    context = worker(sqlite_database, tmp_path, timedelta(seconds=30))
    for _ in range(3):
        job = submit(sqlite_database)
        with LeaseRenewer(context, claim(sqlite_database, job)) as lease:
            do(sqlite_database, jobs.cancel, job, actor="tester")
            for _ in range(2):
                due_at = lease.due_at
                lease.renew()
                assert lease.due_at > due_at
            with pytest.raises(ClaimLost):
                lease.check()
    assert [thread.name for thread in threading.enumerate()].count("leases") == 1


def test_check_raises_when_the_claim_is_lost(sqlite_database, tmp_path):
    context, job = worker(sqlite_database, tmp_path, SHORT), submit(sqlite_database)
    with LeaseRenewer(context, claim(sqlite_database, job)) as lease:
        lease.check()
        do(sqlite_database, jobs.cancel, job, actor="tester")
        with pytest.raises(ClaimLost):
            for _ in range(600):  # a minute
                time.sleep(0.1)
                lease.check()


def test_worker_stops_before_the_registration_when_the_claim_is_lost(sqlite_database, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    context = worker(sqlite_database, tmp_path, SHORT)
    job = submit_images(context)
    held = claimed(context, job)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_job, held, context)
        assert context.store.opening.wait(60)
        do(sqlite_database, jobs.cancel, job, actor="tester")
        time.sleep(2 * SHORT.total_seconds())  # at least one renewal
        context.store.resume.set()
        running.result()
    assert [record.message for record in caplog.records if job in record.message] == [
        f"registration={job} attempt=1: the claim was lost"
    ]
    assert get(sqlite_database, job).state == "cancelled"
    assert context.aligner.registrations == 0
    assert list(context.store.list("registrations/")) == []
