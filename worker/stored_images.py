"""Images read from the store, with a check of their integrity."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, cast

from db.errors import ObjectAltered
from db.rows import ImageRow
from db.store import ImageStore
from xebra import Image
from xebra.errors import RegistrationError
from xebra.image import read_untrusted


def read_stored(
    row: ImageRow,
    pixel_spacing: float | None,
    store: ImageStore,
    channel: str | None = None,
    frame: int | None = None,
) -> Image:
    """Return one image of a file as it was uploaded; ``pixel_spacing`` (um) overrides that of the file.

    Raises:
        ObjectAltered: the stored file differs from the uploaded one.
        RegistrationError: the unchanged file cannot be read.
    """
    with store.open(row.store_key) as file:
        try:
            image = read_untrusted(file, row.name, pixel_spacing, channel=channel, frame=frame)
        except RegistrationError:
            _check_hash(row, _digest(file))  # a file that the store has damaged is not a fault of the input
            raise
    _check_hash(row, image.sha256)
    return image


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()


def _check_hash(row: ImageRow, sha256: str | None) -> None:
    if sha256 != row.sha256:
        raise ObjectAltered(f"{row.name}: the stored file differs from the uploaded one; restore it")
