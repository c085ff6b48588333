"""/api/v1/registrations/ID: the registered image, pictures, and the transform in every format."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse

from api import files, previews, problems
from api.dependencies import DatabaseDep, StoreDep
from api.errors import NotFinished
from api.registrations.example import PATH
from api.registrations.pictures import MEDIA_TYPES, PictureFormat, draw_picture
from api.registrations.routes import SucceededDep
from db import corrections
from db.engine import Database
from db.errors import CorrectionNotFound, ObjectAltered, ObjectMissing, RegistrationNotFound
from db.rows import RegistrationRow
from xebra.transform_files import FORMATS, Format, Pair

router = APIRouter(prefix=PATH + "/{registration_id}", tags=["registrations"])
NOTHING_TO_SHOW = problems.documented(RegistrationNotFound, NotFinished, ObjectMissing, ObjectAltered)


@router.get(
    "/registered",
    summary="Take the registered image home",
    response_class=StreamingResponse,
    responses=NOTHING_TO_SHOW | files.documented("image/tiff"),
)
def registered(row: SucceededDep, store: StoreDep) -> StreamingResponse:
    """TIFF: the moving image's own values on the fixed image's grid, dtype kept."""
    return files.stream(store, row.result.registered_key, "image/tiff", f"registered-{row.id}.tif")


@router.get(
    "/registered/preview",
    summary="See the registered image",
    response_class=StreamingResponse,
    responses=NOTHING_TO_SHOW | files.documented("image/png"),
)
def registered_preview(row: SucceededDep, store: StoreDep) -> StreamingResponse:
    """8-bit PNG on the grid of the fixed image's preview."""
    key = row.result.registered_key
    drawn = previews.kept(store, f"{key}.preview.png", previews.draw_stored(store, key))
    return files.stream(store, drawn, "image/png")


@router.get(
    "/picture",
    summary="A picture for a talk",
    response_class=StreamingResponse,
    responses=NOTHING_TO_SHOW
    | problems.documented(RequestValidationError)
    | files.documented(*MEDIA_TYPES.values()),
)
def picture(
    row: SucceededDep,
    store: StoreDep,
    format: Annotated[PictureFormat, Query(description="SVG: words, frames and scale bar as lines.")] = "png",
) -> StreamingResponse:
    """Fixed, moving, registered and overlay, with a scale bar where the pixel spacing is known."""
    key = f"{row.result.registered_key}.picture.{format}"
    drawn = previews.kept(store, key, draw_picture(row, store, format))
    download_as = f"registration-{row.id}.svg" if format == "svg" else None
    return files.stream(store, drawn, MEDIA_TYPES[format], download_as)


@router.get(
    "/transform",
    summary="Take the transform home, in the format of your program",
    response_class=Response,
    responses=problems.documented(
        RegistrationNotFound, NotFinished, CorrectionNotFound, RequestValidationError
    )
    | files.documented(*sorted({kind.media_type for kind in FORMATS.values()})),
)
def transform(
    row: SucceededDep,
    database: DatabaseDep,
    format: Annotated[Format, Query(description="Which program is to read it.")] = "json",
    correction: Annotated[
        str | None,
        Query(max_length=36, description="Its id, or `latest`; empty: what was found."),
    ] = None,
) -> Response:
    """What was found, or what somebody set by hand instead."""
    kind = FORMATS[format]
    content = kind.write(_pair(row, database, correction))
    name = f"fixed-from-moving-{row.id}{kind.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind.media_type, headers=headers)


def _pair(row: RegistrationRow, database: Database, correction: str | None) -> Pair:
    body = row.result.body
    if correction is not None:
        with database.reading() as session:
            by_hand = corrections.get(session, row.id, correction)
        body = body | {"fixed_from_moving": by_hand.fixed_from_moving}
    return Pair.of(body)
