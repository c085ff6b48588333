"""/api/v1/images/{id}/tiles: a large image piece by piece, for looking at its own pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, BinaryIO

import numpy as np
from fastapi import APIRouter, Path
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse

from api import files, previews, problems
from api.dependencies import StoreDep
from api.images.routes import RowDep
from api.images.schemas import PATH
from db.errors import ImageNotFound, ObjectAltered, ObjectMissing
from db.rows import ImageRow
from db.store import ImageStore

SIDE = 512  # px of a tile
LEVELS = 8  # each half as fine as the one before

router = APIRouter(prefix=PATH, tags=["images"])
Level = Annotated[int, Path(ge=0, lt=LEVELS, description="0: the image's own pixels; 1: means of 2 x 2; ...")]
Place = Annotated[int, Path(ge=0, lt=1 << 16, description=f"Counted from the top left, {SIDE} px each.")]


@router.get(
    "/{image_id}/tiles/{level}/{column}/{row}",
    summary="See a part of the image",
    response_class=StreamingResponse,
    responses=problems.documented(RequestValidationError, ImageNotFound, ObjectMissing, ObjectAltered)
    | files.documented("image/png"),
)
def tile(image: RowDep, level: Level, column: Place, row: Place, store: StoreDep) -> StreamingResponse:
    """8-bit PNG with the grey values of the preview; the last tiles of a row or column are smaller."""
    _check(image, level, column, row)
    key = f"images/{image.id}/tiles/{level}-{column}-{row}.png"
    drawn = previews.kept(store, key, _draw(store, image.store_key, level, column, row))
    return files.stream(store, drawn, "image/png")


def _check(image: ImageRow, level: int, column: int, row: int) -> None:
    span = SIDE << level
    if column * span >= image.width or row * span >= image.height:
        raise ImageNotFound(f"image {image.id} has no tile {level}/{column}/{row}")


def _draw(store: ImageStore, key: str, level: int, column: int, row: int) -> Callable[[BinaryIO], None]:
    def draw(target: BinaryIO) -> None:
        import imagecodecs

        span = SIDE << level
        part = _shown(store, key)[row * span : (row + 1) * span, column * span : (column + 1) * span]
        target.write(imagecodecs.png_encode(_halved(part, level), level=3))

    return draw


@lru_cache(maxsize=2)  # the pair being looked at; drawing is one at a time, so none is read twice
def _shown(store: ImageStore, key: str) -> np.ndarray:
    """The whole image in 8 bit, its grey values stretched as those of its preview."""
    from xebra import image_files
    from xebra.picture import BLACK, WHITE, gray
    from xebra.resample import shrunk

    with store.open(key) as file:
        values = gray(image_files.read(file, key).pixels)
    low, high = np.percentile(shrunk(values, previews.LONGEST)[0], [BLACK, WHITE])
    scale = 255 / ((high - low) or 1)
    shown = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), SIDE):  # in strips: the whole in floats is large
        strip = values[top : top + SIDE].astype(np.float32)
        shown[top : top + SIDE] = np.clip((strip - low) * scale, 0, 255) + 0.5
    return shown


def _halved(pixels: np.ndarray, times: int) -> np.ndarray:
    """Means of blocks; where the image ends within one, its edge goes on."""
    step = 1 << times
    missing = [(0, -length % step) for length in pixels.shape]
    whole = np.pad(pixels, missing, mode="edge")
    blocks = whole.reshape(whole.shape[0] // step, step, whole.shape[1] // step, step)
    return np.rint(blocks.mean((1, 3), dtype=np.float32)).astype(np.uint8)
