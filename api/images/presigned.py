"""/api/v1/uploads: files that go straight to the S3 store, and become images when they have arrived."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import problems
from api.access import CallerDep
from api.dependencies import DatabaseDep, SettingsDep, StoreDep
from api.errors import UploadTooLarge
from api.images.routes import remember
from api.images.schemas import PATH as IMAGES
from api.images.schemas import Image, Modality
from api.times import Time
from db import unsettled
from db.errors import UploadNotFound, UploadsOnlyThroughApi
from db.types import utc_now
from xebra.errors import ImageUnreadable, ImageUnusable, PixelSpacingInvalid

PATH = "/api/v1/uploads"
VALID_FOR = timedelta(hours=1)
router = APIRouter(prefix=PATH, tags=["images"])
UploadId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Upload(BaseModel):
    """Where to PUT the bytes of one file; then `complete` it."""

    id: str
    url: str
    expires_at: Time


class Arrived(BaseModel):
    """What the file is called, and the size of its pixels if it does not say it or says it wrongly."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("image", max_length=200)
    pixel_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    modality: Modality = None


@router.post(
    "",
    status_code=201,
    summary="Upload straight to the store",
    responses=problems.documented(UploadsOnlyThroughApi),
)
def begin(database: DatabaseDep, store: StoreDep, caller: CallerDep) -> Upload:
    """For large files, past this API; only where the images lie on an S3 server that clients reach."""
    upload_id, expires_at = uuid.uuid4().hex, utc_now() + VALID_FOR
    url = store.presigned_put(_key(caller.owner, upload_id), VALID_FOR)
    with database.writing() as session:
        unsettled.expect(session, _key(caller.owner, upload_id))
    return Upload(id=upload_id, url=url, expires_at=expires_at)


@router.post(
    "/{upload_id}/complete",
    status_code=201,
    summary="It has arrived",
    responses=problems.documented(
        *(UploadNotFound, UploadTooLarge, RequestValidationError),
        *(ImageUnreadable, ImageUnusable, PixelSpacingInvalid),
    ),
)
def complete(
    upload_id: UploadId,
    body: Arrived,
    database: DatabaseDep,
    store: StoreDep,
    settings: SettingsDep,
    caller: CallerDep,
    response: Response,
) -> Image:
    """Judged and kept as if it had come through the API, under a name that the URL cannot write to."""
    key = _key(caller.owner, upload_id)
    if not store.exists(key):
        raise UploadNotFound(f"nothing has arrived under {upload_id}; PUT the file to its URL first")
    if store.size(key) > settings.max_upload_bytes:
        raise UploadTooLarge(settings.max_upload_bytes)
    with store.open(key) as file:
        said = (body.name, body.pixel_spacing_um, body.modality)
        row = remember(file, *said, database, store, caller)
    with database.writing() as session:
        unsettled.leave(session, key)
    response.headers["Location"] = f"{IMAGES}/{row.id}"
    return Image.of(row)


def _key(owner: str, upload_id: str) -> str:
    return f"uploads/{owner}/{upload_id}"
