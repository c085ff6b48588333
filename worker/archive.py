"""What is still known of an old job: its row, and its images as they were registered."""

from __future__ import annotations

import hashlib

from db import jobs
from db.engine import Database
from db.errors import ObjectAltered
from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from worker.errors import NothingToReplay
from xebra import Image, read_image


def succeeded(database: Database, registration_id: str) -> RegistrationRow:
    """The job with its images and result; raises ``RegistrationNotFound`` or ``NothingToReplay``."""
    with database.reading() as session:
        row = jobs.get(session, registration_id)
    if row.result is None:
        raise NothingToReplay(f"registration {registration_id} is {row.state}: it has no result")
    return row


def images(row: RegistrationRow, store: ImageStore) -> tuple[Image, Image]:
    """Fixed and moving, with the pixel spacings that counted then."""
    body = row.result.body
    pairs = ((row.fixed_image, body["fixed"]), (row.moving_image, body["moving"]))
    return tuple(_read(image, said["pixel_spacing_um"], store) for image, said in pairs)


def _read(row: ImageRow, spacing: float | None, store: ImageStore) -> Image:
    with store.open(row.store_key) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != row.sha256:
            raise ObjectAltered(f"{row.name}: the stored file is not the one that was uploaded")
        file.seek(0)
        return read_image(file, name=row.name, pixel_spacing=spacing)
