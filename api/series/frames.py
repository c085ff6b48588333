"""Routes below /api/v1/series/ID/frames."""

from __future__ import annotations

import io
import time
from typing import Annotated, Any, Literal, cast

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from api import files, problems
from api.dependencies import DatabaseDep, DecoderDep, OwnerDep
from api.errors import DecodersBusy, FrameInvalid, SeriesBusy, UploadTooLarge
from api.files import IMMUTABLE
from api.images.decoder import UploadDecoder
from api.series.lane import Given
from api.series.schemas import PATH, FramePage, Number, SeriesFrame
from api.series.trackers import Trackers
from db import series
from db.errors import FrameNumberReused, ObjectAltered, ObjectMissing, SeriesFinished, SeriesNotFound
from xebra.arrays import Pixels
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, ImageUnusable

router = APIRouter(prefix=PATH + "/{series_id}/frames", tags=["series"])
MAX_FRAME_BYTES = 64 << 20
DataType = Literal["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}


@router.post(
    "",
    status_code=201,
    summary="Append frame",
    openapi_extra=BODY,
    responses=problems.documented(
        *(SeriesNotFound, SeriesFinished, FrameNumberReused, SeriesBusy, FrameInvalid, UploadTooLarge),
        *(RequestValidationError, ImageUnreadable, ImageChoiceNeeded, ImageUnusable, DecodersBusy),
        *(ObjectAltered, ObjectMissing),
    ),
)
async def append_frame(
    series_id: str,
    request: Request,
    owner: OwnerDep,
    decoder: DecoderDep,
    dtype: Annotated[
        DataType | None,
        Query(
            description="The body holds the values of the frame, row by row, little-endian, in the size of"
            " the reference. Without it, the body is an image file."
        ),
    ] = None,
    number: Annotated[
        Number | None,
        Query(
            description="Number of the frame, larger than those before; by default the next one. A frame that"
            " is sent again with its number returns the first answer. A smaller number than that of"
            " a frame before is stored as `dropped`."
        ),
    ] = None,
    time_s: Annotated[
        float | None,
        Query(ge=-1e12, le=1e12, allow_inf_nan=False, description="Time of the frame; default: its arrival."),
    ] = None,
) -> SeriesFrame:
    """Find the position of a frame at once, and store it. Frames take turns in the order of their arrival."""
    content = await request.body()
    arrived, at = time.perf_counter(), time.time() if time_s is None else time_s
    trackers = cast(Trackers, request.app.state.trackers)
    lane = await trackers.lane(series_id, owner)
    assert lane.shape is not None
    if dtype is None:
        pixels = await _decoded(request, decoder, content)
        _check_size(pixels, lane.shape)
    else:
        pixels = _values(content, dtype, lane.shape)
    row = await trackers.append(lane, Given(content, pixels, number, at, arrived))
    return SeriesFrame.model_validate(row.body)


@router.get("", summary="List frames", responses=problems.documented(SeriesNotFound, RequestValidationError))
def list_frames(
    series_id: str,
    database: DatabaseDep,
    owner: OwnerDep,
    after: Annotated[int, Query(ge=-1, le=(1 << 31) - 1, description="Number of the last known frame.")] = -1,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> FramePage:
    """Return the frames after a number, in order."""
    with database.reading() as session:
        series.get(session, series_id, owner)
        rows = series.frames(session, series_id, after, limit + 1)
    items = [SeriesFrame.model_validate(row.body) for row in rows[:limit]]
    return FramePage(items=items, more=len(rows) > limit)


@router.get(
    "/{number}/preview",
    summary="Get frame preview",
    response_class=Response,
    responses=problems.documented(SeriesNotFound, RequestValidationError) | files.documented("image/jpeg"),
)
def get_frame_preview(series_id: str, number: Number, database: DatabaseDep, owner: OwnerDep) -> Response:
    """Return a JPEG of at most 160 px a side, with stretched grey values."""
    with database.reading() as session:
        series.get(session, series_id, owner)
        row = series.frame(session, series_id, number)
    if row is None or row.preview is None:
        raise SeriesNotFound(f"series {series_id} has no frame {number}")
    return Response(row.preview, media_type="image/jpeg", headers={"Cache-Control": IMMUTABLE})


def _values(content: bytes, dtype: DataType, shape: tuple[int, int]) -> Pixels:
    """Return the values (H, W) of a body.

    Raises:
        FrameInvalid: the body has another size.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    expected = shape[0] * shape[1] * kind.itemsize
    if len(content) != expected:
        raise FrameInvalid(
            f"the frame has {len(content)} bytes; {shape[1]} x {shape[0]} px of {dtype} have {expected}"
        )
    return np.frombuffer(content, kind).reshape(shape)


def _check_size(pixels: Pixels, shape: tuple[int, int]) -> None:
    """Raise FrameInvalid where a frame has another size than the reference."""
    if pixels.shape[:2] != shape:
        sides = " x ".join(str(side) for side in pixels.shape[1::-1])
        raise FrameInvalid(f"the frame is {sides} px, the reference is {shape[1]} x {shape[0]} px")


async def _decoded(request: Request, decoder: UploadDecoder, content: bytes) -> Pixels:
    """Return the values of an image file, decoded in a process with limits."""
    image, _ = await decoder.decode(request, io.BytesIO(content), "frame", None)
    values: Any = image.pixels
    return cast(Pixels, values)
