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
from api.errors import DecodersBusy, UploadTooLarge
from api.fields import SpacingUm
from api.images.schemas import PATH as IMAGES
from api.images.schemas import Image, Modality
from api.images.uploads import UploaderDep
from api.times import Time
from db import keys, pending_objects
from db.engine import Database
from db.errors import QuotaExceeded, UploadNotFound, UploadsOnlyThroughApi
from db.store import ImageStore
from db.types import utc_now
from xebra.errors import ImageUnreadable, ImageUnusable, PixelSpacingInvalid

PATH = "/api/v1/uploads"
VALID_FOR = timedelta(hours=1)
MAX_OPEN = 100  # of one instrument: no quota counts what they hold until they are complete
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
    pixel_spacing_um: SpacingUm = None
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
        keys.reserve_storage(session, caller.instrument, 1)
        _check_open(pending_objects.count(session, _key(caller.owner, "")))
        pending_objects.register(session, _key(caller.owner, upload_id))
    return PresignedUpload(id=upload_id, url=url, expires_at=expires_at)


@router.post(
    "/{upload_id}/complete",
    status_code=201,
    summary="Complete presigned upload",
    responses=problems.documented(
        *(UploadNotFound, UploadTooLarge, RequestValidationError, DecodersBusy),
        *(ImageUnreadable, ImageUnusable, PixelSpacingInvalid),
    ),
)
async def complete_upload(
    upload_id: UploadId,
    body: UploadCompletion,
    uploader: UploaderDep,
    settings: SettingsDep,
    response: Response,
) -> Image:
    """Check the file and store it as an image, under a key to which the presigned URL cannot write.

    A file over a limit or over the quota is deleted.
    """
    key = _key(uploader.caller.owner, upload_id)
    in_thread = uploader.decoder.in_thread
    try:
        await in_thread(_check_size, uploader.store, key, settings.max_upload_bytes)
        with await in_thread(uploader.store.open, key) as file:
            row = await uploader.add(file, body.name, body.pixel_spacing_um, body.modality)
    except (UploadTooLarge, QuotaExceeded):
        await in_thread(_discard, uploader.database, key)
        raise
    await in_thread(_discard, uploader.database, key)
    response.headers["Location"] = f"{IMAGES}/{row.id}"
    return Image.of(row)


def _check_open(count: int) -> None:
    """Raise ``QuotaExceeded`` if the caller has too many uploads that are not complete."""
    if count >= MAX_OPEN:
        raise QuotaExceeded(
            f"{count} presigned uploads are not complete; complete them, or wait for their expiry"
        )


def _check_size(store: ImageStore, key: str, max_bytes: int) -> None:
    if not store.exists(key):
        raise UploadNotFound(
            f"no file was uploaded for {key.rpartition('/')[2]}; PUT the file to its URL first"
        )
    if store.size(key) > max_bytes:
        raise UploadTooLarge(max_bytes)


def _discard(database: Database, key: str) -> None:
    with database.writing() as session:
        pending_objects.discard(session, key)


def _key(owner: str, upload_id: str) -> str:
    return f"uploads/{owner}/{upload_id}"
