"""Faults of the input fail a job at once; faults of the system cause another attempt."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DataError
from support.jobs import do, get
from support.service import speckle
from support.worker import claimed, decoded_file, run, store, stored_file, submit

from db import images, job_transitions, jobs, pending_objects
from db.rows import INSTRUMENT, PendingObjectRow
from db.store import open_store
from db.types import utc_now
from worker.context import WorkerContext
from worker.housekeeping import Housekeeping
from worker.job_runner import describe, run_job
from xebra.align import Aligner
from xebra.pixel_spacing import MAX_UM, MIN_UM

UNREACHABLE = "grpc://127.0.0.1:1"


@pytest.fixture
def context(database, tmp_path) -> WorkerContext:
    """A worker with its images in a folder."""
    store = open_store((tmp_path / "images").as_uri())
    return WorkerContext("here:1", database, store, Aligner(), timedelta(seconds=30))


def test_pair_is_registered_and_nothing_else_is_written(context):
    job = submit(context)
    before = list(context.store.list())
    ended = run(context, job)
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    assert list(context.store.list()) == before


def test_pixel_spacing_of_the_upload_is_used(context):
    result = run(context, submit(context, spacing_um=0.25)).result.body
    assert (result["fixed"]["pixel_spacing_um"], result["moving"]["pixel_spacing_um"]) == (0.25, 0.25)


def test_pixel_spacing_of_the_instrument_is_used(context):
    row = store(context)
    row.pixel_spacing_um, row.spacing_source = 0.5, INSTRUMENT
    do(context.database, images.add, row, actor="tester")
    request = jobs.RegistrationRequest(row.id, row.id)
    job = do(context.database, jobs.submit, request, actor="tester", request_id="r1").id
    result = run(context, job).result.body
    assert (result["fixed"]["pixel_spacing_um"], result["moving"]["pixel_spacing_um"]) == (0.5, 0.5)


def test_unavailable_engine_is_a_system_fault(context):
    context = WorkerContext(
        context.name, context.database, context.store, Aligner(UNREACHABLE), context.lease
    )
    job = submit(context)
    for _ in range(job_transitions.MAX_OUTAGES - 1):
        assert run(context, job).state == "queued"
    ended = run(context, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "system", "engine-failed")
    assert "127.0.0.1:1" in ended.failure_message


def damage(file: Path, kind: str) -> bytes:
    """Truncate, change or delete a file; return its content."""
    content = file.read_bytes()
    file.unlink()
    if kind != "missing":
        file.write_bytes(content[: len(content) // 2] if kind == "truncated" else content[:-1] + b"?")
    return content


DAMAGES = pytest.mark.parametrize("kind", ["truncated", "changed", "missing"])


@DAMAGES
def test_damaged_stored_file_is_a_system_fault(context, kind):
    job = submit(context)
    decoded_file(context, job).unlink()
    content = damage(stored_file(context, job), kind)
    assert run(context, job).state == "queued"
    stored_file(context, job).write_bytes(content)
    assert run(context, job).state == "succeeded"


@DAMAGES
def test_damaged_decoded_image_is_decoded_again(context, kind):
    """The decoded image is a copy: a job needs either it or the file."""
    pixels = speckle(seed=3)
    whole, damaged = run(context, submit(context, pixels)), submit(context, pixels)
    damage(decoded_file(context, damaged), kind)
    again = run(context, damaged).result.body
    assert again["fixed_from_moving"] == whole.result.body["fixed_from_moving"]
    assert again["fixed"] == whole.result.body["fixed"]


def test_decoded_image_is_deleted_after_a_day_and_the_file_is_read_then(context):
    job = submit(context)
    kept, later = decoded_file(context, job), utc_now() + 2 * pending_objects.EXPIRES_AFTER
    with context.database.writing() as session:
        pending_objects.register(session, get(context.database, job).fixed_image.pixels_key)
        assert pending_objects.expired(session, later)
        session.execute(update(PendingObjectRow).values(created_at=utc_now() - timedelta(days=2)))
    assert Housekeeping(context.database, lambda: context.store).delete_pending_objects() == 1
    assert not kept.exists() and stored_file(context, job).exists()
    assert run(context, job).state == "succeeded"


def test_unreadable_image_is_an_input_fault(context):
    job = submit(context)
    decoded_file(context, job).unlink()
    stored_file(context, job).write_bytes(b"no image")
    with context.database.writing() as session:  # as if an older version had accepted it
        jobs.get(session, job).fixed_image.sha256 = hashlib.sha256(b"no image").hexdigest()
    ended = run(context, job)
    assert (ended.state, ended.fault, ended.failure_code) == ("failed", "input", "image-unreadable")


def test_network_that_only_this_worker_lacks_is_a_system_fault(context):
    job = submit(context, network="of another version")
    assert run(context, job).state == "queued"


def test_job_cancelled_during_its_attempt_has_no_result_and_no_stored_image(context):
    job = submit(context)
    held = claimed(context, job)
    do(context.database, jobs.cancel, job, actor="tester")
    run_job(held, context)
    ended = get(context.database, job)
    assert (ended.state, ended.result) == ("cancelled", None)
    assert list(context.store.list("registrations/")) == []


@pytest.mark.parametrize("spacings", [(MIN_UM, MAX_UM), (MAX_UM, MIN_UM), (MIN_UM, MIN_UM)])
@pytest.mark.parametrize("network", ["paper", None])
def test_extreme_spacings_are_answered_at_the_first_attempt(context, spacings, network):
    fixed, moving = spacings
    job = submit(context, fixed_spacing_um=fixed, moving_spacing_um=moving, network=network)
    ended = run(context, job)
    assert ended.state == "succeeded" or ended.fault == "input", ended.failure_message
    assert ended.attempt == 1


def test_message_of_a_database_error_shows_no_statement():
    error = DataError("INSERT INTO results VALUES (1)", {"body": "secret"}, ValueError("out of range"))
    assert describe(error) == "the database did not take the result; see the log of the worker"
