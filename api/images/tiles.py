"""/api/v1/images/{id}/tiles: tiles of a large image at its own resolution and coarser levels."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, BinaryIO

import numpy as np
from fastapi import APIRouter, Path
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse

from api import files, previews, problems
from api.dependencies import StoreDep
from api.images import choice
from api.images.choice import Choice, ChoiceDep
from api.images.routes import RowDep
from api.images.schemas import PATH
from api.images.source import Source
from db.errors import ImageNotFound, ObjectAltered, ObjectMissing
from db.rows import ImageRow
from xebra.errors import ImageChoiceNeeded, ImageUnreadable

TILE_PX = 512
LEVELS = 8  # each has half the resolution of the previous one
Pixels = np.ndarray[Any, Any]

router = APIRouter(prefix=PATH, tags=["images"])
Level = Annotated[int, Path(ge=0, lt=LEVELS, description="0: full resolution; 1: means of 2 x 2 pixels; ...")]
TileIndex = Annotated[
    int, Path(ge=0, lt=1 << 16, description=f"From the top left, in tiles of {TILE_PX} px.")
]


@router.get(
    "/{image_id}/tiles/{level}/{column}/{row}",
    summary="Get image tile",
    response_class=StreamingResponse,
    responses=problems.documented(
        *(RequestValidationError, ImageNotFound, ObjectMissing, ObjectAltered),
        *(ImageChoiceNeeded, ImageUnreadable),
    )
    | files.documented("image/png"),
)
def get_image_tile(
    image: RowDep, level: Level, column: TileIndex, row: TileIndex, store: StoreDep, wanted: ChoiceDep
) -> StreamingResponse:
    """Return an 8-bit PNG with the grey values of the preview; tiles at the edges may be smaller."""
    _check_exists(image, wanted, level, column, row)
    key = f"images/{image.id}/{wanted.key}tiles/{level}-{column}-{row}.png"
    source = Source.of(store, image, wanted)
    previews.create_once(store, key, _draw(source, level, column, row))
    return files.stream(store, key, "image/png")


def _check_exists(image: ImageRow, wanted: Choice, level: int, column: int, row: int) -> None:
    span = TILE_PX << level
    height, width = choice.shape(image, wanted)
    if column * span >= width or row * span >= height:
        raise ImageNotFound(f"image {image.id} has no tile {level}/{column}/{row}")


def _draw(source: Source, level: int, column: int, row: int) -> previews.Draw:
    def draw(target: BinaryIO) -> None:
        import imagecodecs

        span = TILE_PX << level
        part = _stretched(source)[row * span : (row + 1) * span, column * span : (column + 1) * span]
        target.write(imagecodecs.png_encode(_downsample(part, level), level=3))

    return draw


@lru_cache(maxsize=2)  # the pair in the viewer; drawing is serialized, so that no image is decoded twice
def _stretched(source: Source) -> Pixels:
    """Return the whole image in 8 bit, its grey values stretched as in its preview."""
    from xebra.image import gray, read_pixels_untrusted
    from xebra.picture import BLACK, WHITE
    from xebra.resample import shrunk

    chosen = source.choice
    with source.store.open(source.key) as file:
        values = gray(read_pixels_untrusted(file, source.name, channel=chosen.channel, frame=chosen.frame))
    low, high = np.percentile(shrunk(values, previews.MAX_SIDE_PX)[0], [BLACK, WHITE])
    scale = 255 / ((high - low) or 1)
    shown = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), TILE_PX):  # in strips, to limit the memory for floats
        strip = values[top : top + TILE_PX].astype(np.float32)
        shown[top : top + TILE_PX] = np.clip((strip - low) * scale, 0, 255) + 0.5
    return shown


def _downsample(pixels: Pixels, level: int) -> Pixels:
    """Return the means of blocks of 2^level pixels; the image is extended by its edge to whole blocks."""
    step = 1 << level
    padding = [(0, -length % step) for length in pixels.shape]
    padded = np.pad(pixels, padding, mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    means: Pixels = np.rint(blocks.mean((1, 3), dtype=np.float32)).astype(np.uint8)
    return means
