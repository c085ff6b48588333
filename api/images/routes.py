"""Routes below /api/v1/images."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import files, paging, previews, problems
from api.authentication import CallerDep
from api.dependencies import DatabaseDep, OwnerDep, StoreDep
from api.errors import CursorInvalid, DecodersBusy, UploadTooLarge
from api.fields import SpacingUm
from api.images import choice
from api.images.choice import ChoiceDep
from api.images.schemas import PATH, Image, ImagePage, Modality
from api.images.uploads import UploaderDep
from api.paging import CursorQuery, LimitQuery
from db import images, pages
from db import search as names
from db.errors import ImageInUse, ImageNotFound, ObjectAltered, ObjectMissing
from db.rows import ImageRow
from db.types import is_valid_id
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, ImageUnusable, PixelSpacingInvalid

router = APIRouter(prefix=PATH, tags=["images"])
MEDIA_TYPES = ("image/tiff", "image/png", "image/jpeg", "image/bmp", "image/gif", "application/octet-stream")


def _row(image_id: str, database: DatabaseDep, owner: OwnerDep) -> ImageRow:
    with database.reading() as session:
        return images.get(session, image_id, owner)


RowDep = Annotated[ImageRow, Depends(_row)]


class ImageUpload(BaseModel):
    """One image file, and its pixel spacing if the file does not state it correctly."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile = Field(description="An image file; see the list of formats in the documentation.")
    pixel_spacing_um: SpacingUm = Field(None, description="Micrometres per pixel; overrides the file.")
    modality: Modality = None


@router.post(
    "",
    status_code=201,
    summary="Upload image",
    responses=problems.documented(
        *(UploadTooLarge, RequestValidationError, DecodersBusy),
        *(ImageUnreadable, ImageUnusable, PixelSpacingInvalid),
    ),
)
async def upload_image(
    form: Annotated[ImageUpload, Form(media_type="multipart/form-data")],
    uploader: UploaderDep,
    response: Response,
) -> Image:
    """Check that the image can be registered, and store the file unchanged.

    `choices` of the answer lists the images of the file. Where `choice_needed` is true, a registration must
    name one of them.
    """
    row = await uploader.add(form.file.file, form.file.filename, form.pixel_spacing_um, form.modality)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return Image.of(row)


@router.get("", summary="List images", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_images(
    database: DatabaseDep,
    owner: OwnerDep,
    name: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    search: Annotated[
        str | None,
        Query(max_length=200, pattern=r"^[^\x00]*$", description="Words that the name contains."),
    ] = None,
    sha256: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ImagePage:
    """Return the images, newest first, optionally those with a name, words in it, or one content."""
    query = select(ImageRow).where(ImageRow.owner == owner)
    for column, value in ((ImageRow.name, name), (ImageRow.sha256, sha256)):
        query = query if value is None else query.where(column == value)
    if search is not None:
        query = query.where(names.named(search, ImageRow.name))
    with database.reading() as session:
        rows, more = pages.page(session, query, ImageRow, limit, paging.decode(cursor))
    return ImagePage(items=[Image.of(row) for row in rows], next_cursor=paging.next_cursor(rows, more))


@router.get("/{image_id}", summary="Get image", responses=problems.documented(ImageNotFound))
def get_image(row: RowDep) -> Image:
    """Return size, data type, pixel spacing and hash."""
    return Image.of(row)


class ImageUpdate(BaseModel):
    """The mutable fields of an image."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"modality": "BSE"}})

    modality: Modality = None
    name: str | None = Field(
        None, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$", description="A new file name."
    )


@router.patch(
    "/{image_id}",
    summary="Update image",
    responses=problems.documented(ImageNotFound, RequestValidationError),
)
def update_image(image_id: str, body: ImageUpdate, database: DatabaseDep, caller: CallerDep) -> Image:
    """Set the modality, null if it is unknown, or the name; what is not given stays."""
    with database.writing() as session:
        row = images.get(session, image_id, caller.owner)
        if "modality" in body.model_fields_set:
            images.describe(session, row, body.modality, caller.actor)
        if body.name is not None:
            images.rename(session, row, body.name, caller.actor)
        return Image.of(row)


@router.delete(
    "/{image_id}",
    status_code=204,
    summary="Delete image",
    responses=problems.documented(ImageNotFound, ImageInUse),
)
def delete_image(image_id: str, database: DatabaseDep, store: StoreDep, caller: CallerDep) -> None:
    """Delete the file and all that was drawn of it. An image of a registration cannot be deleted."""
    keys = list(store.list(f"images/{image_id}/")) if is_valid_id(image_id) else []
    with database.writing() as session:
        images.delete(session, images.get(session, image_id, caller.owner), keys, caller.actor)


@router.get(
    "/{image_id}/content",
    summary="Download image",
    response_class=StreamingResponse,
    responses=problems.documented(ImageNotFound, ObjectMissing) | files.documented(*MEDIA_TYPES),
)
def download_image(row: RowDep, store: StoreDep) -> StreamingResponse:
    """Return the file as it was uploaded, byte for byte."""
    return files.stream(store, row.store_key, row.media_type, download_as=row.name)


@router.get(
    "/{image_id}/preview",
    summary="Get image preview",
    response_class=StreamingResponse,
    responses=problems.documented(
        *(ImageNotFound, ObjectMissing, ObjectAltered, RequestValidationError),
        *(ImageChoiceNeeded, ImageUnreadable),
    )
    | files.documented("image/png"),
)
def get_image_preview(
    row: RowDep,
    store: StoreDep,
    wanted: ChoiceDep,
    size: Annotated[
        Literal["large", "small"], Query(description="At most 1024 or 256 px wide and high.")
    ] = "large",
) -> StreamingResponse:
    """Return an 8-bit PNG with stretched grey values, of the default or of the chosen image of the file."""
    choice.check(row, choice.shown(row, wanted))
    small = size == "small"
    key = f"images/{row.id}/{wanted.key}{'thumbnail' if small else 'preview'}.png"
    side = previews.THUMBNAIL_PX if small else previews.MAX_SIDE_PX
    previews.create_once(store, key, previews.draw_upload(store, row, choice.shown(row, wanted), side))
    return files.stream(store, key, "image/png")
