"""/api/v1/images"""

from __future__ import annotations

import io
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import files, paging, previews, problems
from api.access import Caller, CallerDep
from api.dependencies import DatabaseDep, OwnerDep, StoreDep
from api.errors import CursorInvalid, UploadTooLarge
from api.images.schemas import PATH, Image, ImagePage, Modality
from api.images.uploads import take_in
from api.paging import CursorQuery, LimitQuery
from db import images, keys, pages, unsettled
from db.engine import Database
from db.errors import ImageNotFound, ObjectAltered, ObjectMissing
from db.rows import INSTRUMENT, ImageRow, InstrumentRow
from db.store import ImageStore
from xebra.errors import ImageUnreadable, ImageUnusable, PixelSpacingInvalid

router = APIRouter(prefix=PATH, tags=["images"])


def _row(image_id: str, database: DatabaseDep, owner: OwnerDep) -> ImageRow:
    with database.reading() as session:
        return images.get(session, image_id, owner)


RowDep = Annotated[ImageRow, Depends(_row)]


class Upload(BaseModel):
    """One image file, and the size of its pixels if the file does not say it or says it wrongly."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile = Field(description="A PNG or TIFF file of 8, 16 or 32 bit, integer or float.")
    pixel_spacing_um: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Micrometres per pixel; overrides the file."
    )
    modality: Modality = None


@router.post(
    "",
    status_code=201,
    summary="Upload an image",
    responses=problems.documented(
        UploadTooLarge, RequestValidationError, ImageUnreadable, ImageUnusable, PixelSpacingInvalid
    ),
)
def upload(
    form: Annotated[Upload, Form(media_type="multipart/form-data")],
    database: DatabaseDep,
    store: StoreDep,
    caller: CallerDep,
    response: Response,
) -> Image:
    """The image is read once to see that it can be registered; its bytes are kept as they came."""
    said = (form.file.filename, form.pixel_spacing_um, form.modality)
    row = remember(form.file.file, *said, database, store, caller)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return Image.of(row)


def remember(
    file: BinaryIO,
    name: str | None,
    spacing_um: float | None,
    modality: str | None,
    database: Database,
    store: ImageStore,
    caller: Caller,
) -> ImageRow:
    """Take a file in for this caller; raises what ``take_in`` raises, and ``QuotaExceeded``."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)

    def expect(key: str) -> None:
        with database.writing() as session:
            keys.check_bytes(session, caller.instrument, size)
            unsettled.expect(session, key)

    row = take_in(file, name, spacing_um, store, expect)
    row.owner, row.modality = caller.owner, modality
    if caller.instrument is not None:
        _fill_in(row, caller.instrument)
    with database.writing() as session:
        images.add(session, row, caller.actor)
    return row


def _fill_in(row: ImageRow, instrument: InstrumentRow) -> None:
    """What neither file nor upload say, but the instrument."""
    row.modality = row.modality or instrument.modality
    if row.pixel_spacing_um is None and instrument.pixel_spacing_um is not None:
        row.pixel_spacing_um, row.spacing_source = instrument.pixel_spacing_um, INSTRUMENT


@router.get("", summary="List images", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_images(
    database: DatabaseDep,
    owner: OwnerDep,
    name: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    sha256: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ImagePage:
    """Newest first, all of them or those of one name or content."""
    query = select(ImageRow).where(ImageRow.owner == owner)
    for column, wanted in ((ImageRow.name, name), (ImageRow.sha256, sha256)):
        query = query if wanted is None else query.where(column == wanted)
    with database.reading() as session:
        rows, more = pages.page(session, query, ImageRow, limit, paging.decode(cursor))
    return ImagePage(items=[Image.of(row) for row in rows], next_cursor=paging.next_cursor(rows, more))


@router.get("/{image_id}", summary="Look at what is known", responses=problems.documented(ImageNotFound))
def get(row: RowDep) -> Image:
    """Size, type, pixel spacing, hash."""
    return Image.of(row)


class Description(BaseModel):
    """What somebody says about an image who knows what it shows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"modality": "BSE"}})

    modality: Modality


@router.patch(
    "/{image_id}",
    summary="Say what an image shows",
    responses=problems.documented(ImageNotFound, RequestValidationError),
)
def describe(image_id: str, said: Description, database: DatabaseDep, caller: CallerDep) -> Image:
    """Its modality, or null where nobody knows; all else is as it was uploaded."""
    with database.writing() as session:
        row = images.get(session, image_id, caller.owner)
        images.describe(session, row, said.modality, caller.actor)
        return Image.of(row)


@router.get(
    "/{image_id}/content",
    summary="Take the file back",
    response_class=StreamingResponse,
    responses=problems.documented(ImageNotFound, ObjectMissing) | files.documented("image/tiff", "image/png"),
)
def content(row: RowDep, store: StoreDep) -> StreamingResponse:
    """Byte for byte as it was uploaded."""
    return files.stream(store, row.store_key, row.media_type, download_as=row.name)


@router.get(
    "/{image_id}/preview",
    summary="See the image",
    response_class=StreamingResponse,
    responses=problems.documented(ImageNotFound, ObjectMissing, ObjectAltered)
    | files.documented("image/png"),
)
def preview(row: RowDep, store: StoreDep) -> StreamingResponse:
    """8-bit PNG, longest side at most 1024, grey values stretched."""
    key = f"images/{row.id}/preview.png"
    drawn = previews.kept(store, key, previews.draw_stored(store, row.store_key))
    return files.stream(store, drawn, "image/png")
