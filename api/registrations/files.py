"""/api/v1/registrations/ID: the registered image, pictures, and the transform in every format."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse

from api import files, previews, problems
from api.dependencies import DatabaseDep, StoreDep
from api.errors import NoResult
from api.registrations.example import PATH
from api.registrations.pictures import MEDIA_TYPES, PictureFormat, draw_picture
from api.registrations.routes import ResultDep, SucceededDep
from db import corrections
from db.engine import Database
from db.errors import CorrectionNotFound, ObjectAltered, ObjectMissing, RegistrationNotFound
from xebra.transform_files import FORMATS, Format, Pair

router = APIRouter(prefix=PATH + "/{registration_id}", tags=["registrations"])
FILE_ERRORS = problems.documented(RegistrationNotFound, NoResult, ObjectMissing, ObjectAltered)


@router.get(
    "/registered",
    summary="Download registered image",
    response_class=StreamingResponse,
    responses=FILE_ERRORS | files.documented("image/tiff"),
)
def download_registered_image(result: ResultDep, store: StoreDep) -> StreamingResponse:
    """Return a TIFF file: the values of the moving image on the grid of the fixed image, data type kept."""
    name = f"registered-{result.registration_id}.tif"
    return files.stream(store, result.registered_key, "image/tiff", name)


@router.get(
    "/registered/preview",
    summary="Get preview of registered image",
    response_class=StreamingResponse,
    responses=FILE_ERRORS | files.documented("image/png"),
)
async def get_registered_image_preview(result: ResultDep, store: StoreDep) -> StreamingResponse:
    """Return an 8-bit PNG on the grid of the fixed image's preview."""
    key = f"{result.registered_key}.preview.png"
    await previews.create_once(store, key, previews.draw_stored(store, result.registered_key))
    return await run_in_threadpool(files.stream, store, key, "image/png")


@router.get(
    "/picture",
    summary="Get registration picture",
    response_class=StreamingResponse,
    responses=FILE_ERRORS
    | problems.documented(RequestValidationError)
    | files.documented(*MEDIA_TYPES.values()),
)
async def get_registration_picture(
    row: SucceededDep,
    result: ResultDep,
    store: StoreDep,
    format: Annotated[
        PictureFormat, Query(description="SVG: text, frames and scale bar as vectors.")
    ] = "png",
) -> StreamingResponse:
    """Return a figure of fixed, moving, registered and overlay, with a scale bar if possible."""
    key = f"{result.registered_key}.picture.{format}"
    await previews.create_once(store, key, draw_picture(row, result, store, format))
    download_as = f"registration-{row.id}.svg" if format == "svg" else None
    return await run_in_threadpool(files.stream, store, key, MEDIA_TYPES[format], download_as)


@router.get(
    "/transform",
    summary="Download transform",
    response_class=Response,
    responses=problems.documented(RegistrationNotFound, NoResult, CorrectionNotFound, RequestValidationError)
    | files.documented(*sorted({kind.media_type for kind in FORMATS.values()})),
)
def download_transform(
    result: ResultDep,
    database: DatabaseDep,
    format: Annotated[
        Format, Query(description="File format, named after the program that reads it.")
    ] = "json",
    correction: Annotated[
        str | None,
        Query(max_length=36, description="Id of a correction, or `latest`; default: the result itself."),
    ] = None,
) -> Response:
    """Return the transform of the result, or of a manual correction."""
    kind = FORMATS[format]
    content = kind.write(_pair(result.registration_id, result.body, database, correction))
    name = f"fixed-from-moving-{result.registration_id}{kind.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind.media_type, headers=headers)


def _pair(registration_id: str, body: dict[str, Any], database: Database, correction: str | None) -> Pair:
    if correction is not None:
        with database.reading() as session:
            row = corrections.get(session, registration_id, correction)
        body = body | {"fixed_from_moving": row.fixed_from_moving}
    return Pair.of(body)
