"""Who is at fault: the input ends a job at once, the system has it tried again."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from service import speckle, tiff

from api.images.uploads import decode_and_store
from db import claims, job_transitions, images, jobs
from db.rows import RegistrationRow
from db.store import open_store
from worker.job_runner import run_job
from worker.context import WorkerContext
from xebra.align import Aligner

NOBODY = "grpc://127.0.0.1:1"


@pytest.fixture
def place(database, tmp_path) -> WorkerContext:
    """A worker's, with its images in a folder."""
    store = open_store((tmp_path / "images").as_uri())
    return WorkerContext("here:1", database, store, Aligner(), timedelta(seconds=30))


def submit(place: WorkerContext, pixels: np.ndarray | None = None, **wish) -> str:
    content = io.BytesIO(tiff(speckle() if pixels is None else pixels))
    row = decode_and_store(content, "a.tif", None, place.store)
    with place.database.writing() as session:
        images.add(session, row, actor="tester")
    with place.database.writing() as session:
        return jobs.submit(session, jobs.RegistrationRequest(row.id, row.id, **wish), actor="tester", request_id="r1").id


def attempt(place: WorkerContext, job: str) -> RegistrationRow:
    """What became of the job after one attempt."""
    with place.database.writing() as session:
        claim = claims.claim_job(session, job, place.name, place.lease)
    run_job(claim, place)
    with place.database.reading() as session:
        return jobs.get(session, job)


def original(place: WorkerContext, job: str) -> Path:
    """The stored file of the job's images."""
    with place.database.reading() as session:
        return place.store.root / jobs.get(session, job).fixed_image.store_key


def test_a_pair_is_registered_and_its_result_points_at_the_registered_image(place):
    ended = attempt(place, submit(place))
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    assert place.store.exists(ended.result.registered_key)


def test_an_engine_that_is_away_is_the_systems_fault_and_asked_again(place):
    place = WorkerContext(place.name, place.database, place.store, Aligner(NOBODY), place.lease)
    job = submit(place)
    for _ in range(job_transitions.MAX_ATTEMPTS - 1):
        assert attempt(place, job).state == "queued"
    ended = attempt(place, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "system", "engine-failed")
    assert "127.0.0.1:1" in ended.failure_message


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_an_image_that_the_store_has_damaged_is_the_systems_fault(place, damage):
    job = submit(place)
    file = original(place, job)
    whole = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(whole[: len(whole) // 2] if damage == "cut" else whole[:-1] + b"?")
    assert attempt(place, job).state == "queued"
    file.write_bytes(whole)
    assert attempt(place, job).state == "succeeded"


def test_an_image_that_was_never_readable_is_the_inputs_fault(place):
    job = submit(place)
    file = original(place, job)
    file.write_bytes(b"no image")
    with place.database.writing() as session:  # as if an older version had let it in
        jobs.get(session, job).fixed_image.sha256 = hashlib.sha256(b"no image").hexdigest()
    ended = attempt(place, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "input", "image-unreadable")


def test_a_network_that_only_this_worker_lacks_is_the_systems_fault(place):
    job = submit(place, network="of another version")
    assert attempt(place, job).state == "queued"


def test_a_job_cancelled_while_it_is_worked_on_brings_no_result_and_leaves_no_image(place):
    job = submit(place)
    with place.database.writing() as session:
        claim = claims.claim_job(session, job, place.name, place.lease)
    with place.database.writing() as session:
        jobs.cancel(session, job, actor="tester")
    run_job(claim, place)
    with place.database.reading() as session:
        ended = jobs.get(session, job)
    assert (ended.state, ended.result) == ("cancelled", None)
    assert list(place.store.list("registrations/")) == []
