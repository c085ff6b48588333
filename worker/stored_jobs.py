"""Past jobs: their rows and their images, for replay and export."""

from __future__ import annotations

from db import jobs
from db.engine import Database
from db.rows import RegistrationRow, ResultRow
from db.store import ImageStore
from worker.errors import NothingToReplay
from worker.stored_images import read_stored
from xebra import Image


def load_succeeded(database: Database, registration_id: str) -> tuple[RegistrationRow, ResultRow]:
    """Return a job with its images, and its result.

    Raises:
        RegistrationNotFound: there is no such job.
        NothingToReplay: the job has no result.
    """
    with database.reading() as session:
        row = jobs.get(session, registration_id, masks=True)
    if row.result is None:
        raise NothingToReplay(f"registration {registration_id} is {row.state} and has no result")
    return row, row.result


def load_images(row: RegistrationRow, result: ResultRow, store: ImageStore) -> tuple[Image, Image]:
    """Return the fixed and the moving image with the pixel spacings that were used."""
    fixed_um, moving_um = (result.body[name]["pixel_spacing_um"] for name in ("fixed", "moving"))
    fixed = read_stored(row.fixed_image, fixed_um, store, row.fixed_channel, row.fixed_frame)
    return fixed, read_stored(row.moving_image, moving_um, store, row.moving_channel, row.moving_frame)
