"""The result of a registration that counts: the prediction, or the newest correction by hand."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, cast

import numpy as np

from api import previews
from api.images.choice import Choice
from db import corrections
from db.errors import ObjectAltered
from db.rows import CorrectionRow, RegistrationRow
from db.store import ImageStore
from xebra import file_names
from xebra.correction import corrected
from xebra.errors import RegistrationError

DESCRIPTION = (
    "Id of a correction, `latest`, or `predicted`; default: the newest correction, the prediction if there is"
    " none."
)


def body(row: RegistrationRow, correction: str | None = None) -> dict[str, Any]:
    """Return the JSON of a result, with the correction that counts or that is named.

    Raises:
        CorrectionNotFound: the registration has no such correction.
    """
    assert row.result is not None  # callers have checked it
    found = corrections.applied(row, correction)
    return row.result.body if found is None else corrected_body(row.result.body, found)


def corrected_body(prediction: dict[str, Any], found: CorrectionRow) -> dict[str, Any]:
    """Return a result with a correction applied."""
    at = found.created_at.isoformat()
    return corrected(prediction, found.fixed_from_moving, by=found.actor, at=at, note=found.note, id=found.id)


def choices(row: RegistrationRow) -> tuple[Choice, Choice]:
    """Return which images of their files were registered, fixed and moving."""
    return Choice(row.fixed_channel, row.fixed_frame), Choice(row.moving_channel, row.moving_frame)


def file_name(row: RegistrationRow, suffix: str) -> str:
    """Return the name under which a file of this registration is downloaded."""
    return file_names.registered(row.moving_image.name, row.fixed_image.name) + suffix


def folder(row: RegistrationRow, correction: str | None = None) -> str:
    """Return the start of the keys of all objects that are made from this result.

    Raises:
        CorrectionNotFound: the registration has no such correction.
    """
    assert row.result is not None
    found = corrections.applied(row, correction)
    if found is None:
        return row.result.registered_key
    return f"registrations/{row.id}/corrections/{found.id}/registered.tif"


def registered_key(row: RegistrationRow, store: ImageStore, correction: str | None = None) -> str:
    """Return the key of the registered image, which is made at the first request for it.

    Raises:
        CorrectionNotFound: the registration has no such correction.
        ObjectAltered: the stored moving image cannot be read any more.
    """
    key, found = folder(row, correction), body(row, correction)
    previews.create_once(store, key, lambda target: _resample(row, found, store, target))
    return key


def moving_pixels(row: RegistrationRow, store: ImageStore) -> np.ndarray[Any, Any]:
    """Return the values of the moving image.

    Raises:
        ObjectAltered: the stored file differs from the uploaded one.
    """
    from xebra.image import read_pixels_untrusted

    _, chosen = choices(row)
    with store.open(row.moving_image.store_key) as file:
        if hashlib.file_digest(cast(Any, file), "sha256").hexdigest() != row.moving_image.sha256:
            raise ObjectAltered(f"{row.moving_image.name}: the stored file differs from the uploaded one")
        try:
            return read_pixels_untrusted(
                file, row.moving_image.name, channel=chosen.channel, frame=chosen.frame
            )
        except RegistrationError as error:
            raise ObjectAltered(f"{row.moving_image.name} cannot be read: {error}") from error


def _resample(row: RegistrationRow, found: dict[str, Any], store: ImageStore, target: BinaryIO) -> None:
    """Write the moving image under the transform of a result as TIFF."""
    from xebra.apply import apply, field_of
    from xebra.image_files import write_tiff

    fixed, pixels = found["fixed"], moving_pixels(row, store)
    matrix = np.linalg.inv(np.array(found["fixed_from_moving"]))
    pixels = apply(pixels, matrix, pixels.shape, fixed["shape"], field=field_of(found))
    previews.write_tiff_to(target, lambda path: write_tiff(path, pixels, fixed["pixel_spacing_um"]))
