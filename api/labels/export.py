"""The labels of an instrument as a zip that is sent while it is read from a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
from fastapi.responses import StreamingResponse

from api import files
from api.images.choice import Choice
from api.images.source import Source
from db.rows import ImageRow, LabelRow
from db.store import ImageStore
from xebra.label_archive import LabelledPair, write_archive


def stream(rows: Sequence[LabelRow], store: ImageStore) -> StreamingResponse:
    """Return the response with these labels, whose images are loaded."""
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - closed after the response
    try:
        write_archive(file, [_pair(row, store) for row in rows], _values)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return files.stream_file(file, "application/zip", "labels.zip")


def _pair(row: LabelRow, store: ImageStore) -> LabelledPair:
    fixed = _source(row.fixed_image, Choice(row.fixed_channel, row.fixed_frame), store)
    moving = _source(row.moving_image, Choice(row.moving_channel, row.moving_frame), store)
    spacings = tuple(
        given if given is not None else image.pixel_spacing_um
        for given, image in (
            (row.fixed_spacing_um, row.fixed_image),
            (row.moving_spacing_um, row.moving_image),
        )
    )
    return LabelledPair(
        images=(fixed, moving),
        hashes=(row.fixed_image.sha256, row.moving_image.sha256),
        spacings=cast("tuple[float | None, float | None]", spacings),
        moving_from_fixed=row.moving_from_fixed,
        source=row.source,
        group=row.group_name,
        job=row.registration_id,
    )


def _source(image: ImageRow, chosen: Choice, store: ImageStore) -> Source:
    return Source.of(store, image, chosen)


def _values(image: Hashable) -> np.ndarray[Any, Any]:
    return cast(Source, image).values()
