"""Uploads: the file is checked, stored unchanged, and registered as an image."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import PurePosixPath
from threading import BoundedSemaphore
from typing import BinaryIO

from api.authentication import Caller
from api.images import choice
from db import images, keys, pending_objects
from db.engine import Database
from db.rows import INSTRUMENT, ImageRow, InstrumentRow
from db.store import ImageStore
from db.types import utc_now
from xebra import Image
from xebra.errors import ImageChoiceNeeded
from xebra.image import inspect_untrusted, read_untrusted
from xebra.image_files import FileInfo, media_type_of
from xebra.limits import check_registrable

MAX_NAME_LENGTH = 200
DECODERS = 2  # at the same time: a decoded image may take gigabytes
_decoding = BoundedSemaphore(DECODERS)


def add_image(
    file: BinaryIO,
    name: str | None,
    spacing_um: float | None,
    modality: str | None,
    database: Database,
    store: ImageStore,
    caller: Caller,
) -> ImageRow:
    """Store an uploaded file as an image of the caller.

    Raises:
        QuotaExceeded: the instrument's storage quota would be exceeded.
        RegistrationError: the file cannot be read, or shows nothing that can be registered.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)

    def register(key: str) -> None:
        with database.writing() as session:
            keys.check_storage_quota(session, caller.instrument, size)
            pending_objects.register(session, key)

    row = decode_and_store(file, name, spacing_um, store, register)
    row.owner, row.modality = caller.owner, modality
    if caller.instrument is not None:
        _apply_defaults(row, caller.instrument)
    with database.writing() as session:
        images.add(session, row, caller.actor)
    return row


def decode_and_store(
    file: BinaryIO,
    filename: str | None,
    spacing_um: float | None,
    store: ImageStore,
    before_put: Callable[[str], None] = lambda key: None,
) -> ImageRow:
    """Decode the image, store its file, and return its row, which the caller adds to the database.

    ``before_put`` is called with the object key before the object is written.

    Raises:
        RegistrationError: the file cannot be read, or shows nothing that can be registered.
    """
    name = sanitize_filename(filename)
    with _decoding:
        image, contents = _read(file, name, spacing_um)
    check_registrable(name, *image.shape[:2])
    image_id = str(uuid.uuid4())
    key = f"images/{image_id}/original"
    file.seek(0)
    media_type = media_type_of(file.read(8))
    file.seek(0)
    before_put(key)
    size = store.put(key, file)
    return ImageRow(
        id=image_id,
        name=name,
        media_type=media_type,
        size_bytes=size,
        sha256=image.sha256,
        height=image.shape[0],
        width=image.shape[1],
        channels=image.shape[2] if len(image.shape) == 3 else 1,
        dtype=str(image.pixels.dtype),
        pixel_spacing_um=image.pixel_spacing,
        spacing_source=image.spacing_source,
        contents=contents.to_json(),
        store_key=key,
        created_at=utc_now(),
    )


def _read(file: BinaryIO, name: str, spacing_um: float | None) -> tuple[Image, FileInfo]:
    """Return the image that needs no naming, else the first one, and everything that the file holds."""
    try:
        image = read_untrusted(file, name, spacing_um)
    except ImageChoiceNeeded:
        info = inspect_untrusted(file, name)
        chosen = choice.first(info)
        return read_untrusted(file, name, spacing_um, channel=chosen.channel, frame=chosen.frame), info
    selected = image.selected
    assert selected is not None  # it was read from a file
    if selected.of == 1:
        return image, FileInfo(name, selected.format, [selected.channel], 0, None)
    return image, inspect_untrusted(file, name)


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
