"""Jobs on real images, run by a worker within the test process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from api.images.decoder import read_upload
from api.images.uploads import store_image
from db import claims, images, jobs
from db.rows import ImageRow, RegistrationRow
from support.jobs import do, get
from support.service import speckle, tiff
from worker.context import WorkerContext
from worker.job_runner import Job, load, run_job


def submit(
    context: WorkerContext, pixels: np.ndarray | None = None, spacing_um: float | None = None, **settings: Any
) -> str:
    """Upload an image, submit its registration with itself; return the id of the job."""
    image = upload(context, speckle() if pixels is None else pixels, spacing_um)
    request = jobs.RegistrationRequest(image, image, **settings)
    return do(context.database, jobs.submit, request, actor="tester", request_id="r1").id


def upload(context: WorkerContext, pixels: np.ndarray, spacing_um: float | None = None) -> str:
    """Upload an image; return its id."""
    row = store(context, pixels, spacing_um)
    do(context.database, images.add, row, actor="tester")
    return row.id


def store(
    context: WorkerContext, pixels: np.ndarray | None = None, spacing_um: float | None = None
) -> ImageRow:
    """Store an image; return its row, which is not in the database yet."""
    content = io.BytesIO(tiff(speckle() if pixels is None else pixels))
    return store_image(content, *read_upload(content, "a.tif", spacing_um), context.store)


def run(context: WorkerContext, job: str) -> RegistrationRow:
    """Run one attempt; return the row of the job."""
    run_job(claimed(context, job), context)
    return get(context.database, job)


def claimed(context: WorkerContext, job: str) -> Job:
    """Claim a job for the worker of this context."""
    claim = do(context.database, claims.claim_job, job, context.name, context.lease)
    return do(context.database, load, claim)


def stored_file(context: WorkerContext, job: str) -> Path:
    """Return the uploaded file of the job's image in a folder store."""
    return context.store.root / get(context.database, job).fixed_image.store_key


def decoded_file(context: WorkerContext, job: str) -> Path:
    """Return the decoded image of the job in a folder store."""
    return context.store.root / get(context.database, job).fixed_image.pixels_key
