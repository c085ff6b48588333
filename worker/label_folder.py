"""The labels of an instrument as the folder that an adaptation reads."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from db.rows import ImageRow, LabelRow
from db.store import ImageStore
from worker.stored_images import read_stored
from xebra.image import luminance
from xebra.label_archive import LabelledPair, write_folder


class StoredImage(NamedTuple):
    """An image of a stored file."""

    id: str
    channel: str | None
    frame: int | None


def write_labels(folder: Path, rows: Sequence[LabelRow], store: ImageStore) -> int:
    """Write labels.json and the images, which must be loaded, into a folder; return the number of pairs.

    Raises:
        ObjectMissing: the store has lost an image.
        ObjectAltered: an image differs from the uploaded one.
    """
    files = {row.id: row for label in rows for row in (label.fixed_image, label.moving_image)}

    def read(image: Hashable) -> np.ndarray[Any, Any]:
        chosen = cast(StoredImage, image)
        found = read_stored(files[chosen.id], None, store, chosen.channel, chosen.frame)
        return luminance(found.pixels)

    return write_folder(folder, [_pair(row) for row in rows], read)


def _pair(row: LabelRow) -> LabelledPair:
    fixed, moving = row.fixed_image, row.moving_image
    return LabelledPair(
        images=(
            StoredImage(fixed.id, row.fixed_channel, row.fixed_frame),
            StoredImage(moving.id, row.moving_channel, row.moving_frame),
        ),
        hashes=(fixed.sha256, moving.sha256),
        spacings=(_spacing(row.fixed_spacing_um, fixed), _spacing(row.moving_spacing_um, moving)),
        moving_from_fixed=row.moving_from_fixed,
        source=row.source,
        group=row.group_name,
        job=row.registration_id,
    )


def _spacing(of_label: float | None, image: ImageRow) -> float | None:
    return image.pixel_spacing_um if of_label is None else of_label
