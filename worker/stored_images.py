"""Images read from the store, with a check of their integrity."""

from __future__ import annotations

import hashlib
import logging
from typing import Any, BinaryIO, cast

from db.errors import ObjectAltered, ObjectMissing
from db.rows import ImageRow
from db.store import ImageStore
from xebra import Image, decoded
from xebra.errors import RegistrationError
from xebra.image import read_untrusted

log = logging.getLogger(__name__)


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
    kept = _load_decoded(row, pixel_spacing, store) if channel is None and frame is None else None
    return kept or _decode(row, pixel_spacing, store, channel, frame)


def _load_decoded(row: ImageRow, pixel_spacing: float | None, store: ImageStore) -> Image | None:
    """Return the image as it was decoded at its upload; None if that is not stored any more, or altered."""
    if row.pixels_sha256 is None:
        return None
    try:
        with store.open(row.pixels_key) as file:
            content = file.read()
    except ObjectMissing:
        return None
    if hashlib.sha256(content).hexdigest() != row.pixels_sha256:
        log.warning("%s: the decoded image was altered; its file is decoded again", row.pixels_key)
        return None
    return decoded.load(content, row.name, row.sha256, pixel_spacing)


def _decode(
    row: ImageRow, pixel_spacing: float | None, store: ImageStore, channel: str | None, frame: int | None
) -> Image:
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
