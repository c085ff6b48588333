"""The masks of a job, from its row and from uploaded mask images."""

from __future__ import annotations

from typing import Any

from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from worker.stored_images import read_stored
from xebra.masks import PolygonMask, mask_of


def load_masks(row: RegistrationRow, store: ImageStore) -> dict[str, Any]:
    """Return the arguments ``fixed_mask`` and ``moving_mask`` of ``xebra.register`` for a job.

    Raises:
        ObjectAltered: the stored file of a mask differs from the uploaded one.
        RegistrationError: a mask image cannot be read.
    """
    return {
        "fixed_mask": _load(row.fixed_mask, row.fixed_mask_image, store),
        "moving_mask": _load(row.moving_mask, row.moving_mask_image, store),
    }


def _load(polygons: dict[str, Any] | None, image: ImageRow | None, store: ImageStore) -> PolygonMask | None:
    if polygons is None and image is None:
        return None
    array = None if image is None else mask_of(read_stored(image, None, store).pixels)
    return PolygonMask.from_json(polygons or {}, array)
