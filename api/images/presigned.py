"""/api/v1/uploads: files that the client sends directly to the S3 store."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import problems
from api.authentication import CallerDep
from api.dependencies import DatabaseDep, SettingsDep, StoreDep
from api.errors import UploadTooLarge
from api.images.schemas import PATH as IMAGES
from api.images.schemas import Image, Modality
from api.images.uploads import add_image
from api.times import Time
from db import pending_objects
from db.errors import UploadNotFound, UploadsOnlyThroughApi
from db.types import utc_now
from xebra.errors import ImageUnreadable, ImageUnusable, PixelSpacingInvalid

PATH = "/api/v1/uploads"
VALID_FOR = timedelta(hours=1)
router = APIRouter(prefix=PATH, tags=["images"])
UploadId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class PresignedUpload(BaseModel):
    """The URL to which one file is uploaded by PUT; complete the upload afterwards."""

    id: str
    url: str
    expires_at: Time


class UploadCompletion(BaseModel):
    """The file name, and the pixel spacing if the file does not state it correctly."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("image", max_length=200)
    pixel_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    modality: Modality = None


@router.post(
    "",
    status_code=201,
    summary="Create presigned upload",
    responses=problems.documented(UploadsOnlyThroughApi),
)
def create_upload(database: DatabaseDep, store: StoreDep, caller: CallerDep) -> PresignedUpload:
    """Return a URL for the upload of a large file to the S3 server, which the client must reach."""
    upload_id, expires_at = uuid.uuid4().hex, utc_now() + VALID_FOR
    url = store.presigned_put(_key(caller.owner, upload_id), VALID_FOR)
    with database.writing() as session:
        pending_objects.register(session, _key(caller.owner, upload_id))
    return PresignedUpload(id=upload_id, url=url, expires_at=expires_at)


@router.post(
    "/{upload_id}/complete",
    status_code=201,
    summary="Complete presigned upload",
    responses=problems.documented(
        *(UploadNotFound, UploadTooLarge, RequestValidationError),
        *(ImageUnreadable, ImageUnusable, PixelSpacingInvalid),
    ),
)
def complete_upload(
    upload_id: UploadId,
    body: UploadCompletion,
    database: DatabaseDep,
    store: StoreDep,
    settings: SettingsDep,
    caller: CallerDep,
    response: Response,
) -> Image:
    """Check the file and store it as an image, under a key to which the presigned URL cannot write."""
    key = _key(caller.owner, upload_id)
    if not store.exists(key):
        raise UploadNotFound(f"no file was uploaded for {upload_id}; PUT the file to its URL first")
    if store.size(key) > settings.max_upload_bytes:
        raise UploadTooLarge(settings.max_upload_bytes)
    with store.open(key) as file:
        row = add_image(file, body.name, body.pixel_spacing_um, body.modality, database, store, caller)
    with database.writing() as session:
        pending_objects.discard(session, key)
    response.headers["Location"] = f"{IMAGES}/{row.id}"
    return Image.of(row)


def _key(owner: str, upload_id: str) -> str:
    return f"uploads/{owner}/{upload_id}"
