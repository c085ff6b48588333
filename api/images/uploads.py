"""Uploads: the file is checked, stored unchanged, and registered as an image."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, BinaryIO

from fastapi import Depends, Request

from api.authentication import Caller, CallerDep
from api.dependencies import DatabaseDep, DecoderDep, StoreDep
from api.images.decoder import UploadDecoder
from db import images, keys, pending_objects
from db.engine import Database
from db.errors import QuotaExceeded
from db.rows import INSTRUMENT, ImageRow, InstrumentRow
from db.store import ImageStore
from db.types import utc_now
from xebra import decoded
from xebra.image import Image
from xebra.image_files import FileInfo, media_type_of
from xebra.limits import check_registrable

MAX_NAME_LENGTH = 200
MAX_DECODED_BYTES = 32 << 20  # of larger images, decoding is a small part of the work


@dataclass(frozen=True)
class Uploader:
    """Checks and stores the uploads of one request."""

    request: Request
    database: Database
    store: ImageStore
    caller: Caller
    decoder: UploadDecoder

    async def add(
        self, file: BinaryIO, filename: str | None, spacing_um: float | None, modality: str | None
    ) -> ImageRow:
        """Store an uploaded file as an image of the caller.

        Raises:
            QuotaExceeded: the instrument's storage quota would be exceeded.
            RegistrationError: the file cannot be read, or shows nothing that can be registered.
            DecodersBusy, ClientLeft: the file was not decoded.
        """
        name = sanitize_filename(filename)
        await self.decoder.in_thread(self._check_quota, file)
        decoded = await self.decoder.decode(self.request, file, name, spacing_um)
        return await self.decoder.in_thread(self._store, file, *decoded, modality)

    def _check_quota(self, file: BinaryIO) -> None:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        with self.database.reading() as session:
            keys.check_storage_quota(session, self.caller.instrument, size)

    def _store(self, file: BinaryIO, image: Image, contents: FileInfo, modality: str | None) -> ImageRow:
        row = store_image(file, image, contents, self.store, self._register)
        row.owner, row.modality = self.caller.owner, modality
        if self.caller.instrument is not None:
            _apply_defaults(row, self.caller.instrument)
        try:
            with self.database.writing() as session:
                keys.reserve_storage(session, self.caller.instrument, row.size_bytes)
                images.add(session, row, self.caller.actor)
        except QuotaExceeded:  # another upload has used the rest in the meantime
            with self.database.writing() as session:
                pending_objects.discard(session, row.store_key)
            raise
        return row

    def _register(self, keys: Sequence[str]) -> None:
        with self.database.writing() as session:
            for key in keys:
                pending_objects.register(session, key)


def store_image(
    file: BinaryIO,
    image: Image,
    contents: FileInfo,
    store: ImageStore,
    before_put: Callable[[Sequence[str]], None] = lambda keys: None,
) -> ImageRow:
    """Store the file of a decoded image, and return its row, which the caller adds to the database.

    The decoded image is stored as well. Its object remains registered as pending, so that it is deleted after
    a day; the file is decoded again then. ``before_put`` is called with the object keys before the objects
    are written.

    Raises:
        ImageUnusable: the image is too small to be registered.
    """
    check_registrable(image.name, *image.shape[:2])
    image_id = str(uuid.uuid4())
    file.seek(0)
    media_type = media_type_of(file.read(8))
    row = ImageRow(
        id=image_id,
        name=image.name,
        media_type=media_type,
        sha256=image.sha256,
        height=image.shape[0],
        width=image.shape[1],
        channels=image.shape[2] if len(image.shape) == 3 else 1,
        dtype=str(image.pixels.dtype),
        pixel_spacing_um=image.pixel_spacing,
        spacing_source=image.spacing_source,
        contents=contents.to_json(),
        store_key=f"images/{image_id}/original",
        created_at=utc_now(),
    )
    pixels = decoded.dump(image) if _is_default(image, contents) else None
    before_put([row.store_key] if pixels is None else [row.store_key, row.pixels_key])
    file.seek(0)
    row.size_bytes = store.put(row.store_key, file)
    if pixels is not None:
        row.pixels_sha256 = hashlib.sha256(pixels).hexdigest()
        store.put(row.pixels_key, io.BytesIO(pixels))
    return row


def _is_default(image: Image, contents: FileInfo) -> bool:
    """Return whether a job that names no image of the file uses this one, and it is not too large."""
    if contents.default is None or image.pixels.nbytes > MAX_DECODED_BYTES:
        return False
    return contents.channels[contents.default].frames == 1


async def _uploader(
    request: Request, database: DatabaseDep, store: StoreDep, caller: CallerDep, decoder: DecoderDep
) -> Uploader:
    return Uploader(request, database, store, caller, decoder)


UploaderDep = Annotated[Uploader, Depends(_uploader)]


def sanitize_filename(filename: str | None) -> str:
    """Return the last component of a client's file name, printable and of limited length."""
    last = PurePosixPath((filename or "").replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable())
    return printable[-MAX_NAME_LENGTH:] or "image"


def _apply_defaults(row: ImageRow, instrument: InstrumentRow) -> None:
    """Set the instrument's modality and pixel spacing where neither the file nor the upload states them."""
    row.modality = row.modality or instrument.modality
    if row.pixel_spacing_um is None and instrument.pixel_spacing_um is not None:
        row.pixel_spacing_um, row.spacing_source = instrument.pixel_spacing_um, INSTRUMENT
