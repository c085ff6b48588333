"""Takes an uploaded file in: judged once, kept byte for byte."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import PurePosixPath
from threading import BoundedSemaphore
from typing import BinaryIO

from db.rows import ImageRow
from db.store import ImageStore
from db.types import utc_now
from xebra import read_image
from xebra.image_files import media_type_of
from xebra.limits import check_registrable

LONGEST_NAME = 200
_a_few_at_a_time = BoundedSemaphore(2)  # one decoded image may take gigabytes


def take_in(
    file: BinaryIO,
    filename: str | None,
    spacing_um: float | None,
    store: ImageStore,
    expect: Callable[[str], None] = lambda key: None,
) -> ImageRow:
    """Read the image, keep its bytes in the store under a key that ``expect`` hears of before.

    The row is the caller's to add. Raises what ``xebra.read_image`` raises.
    """
    name = harmless(filename)
    with _a_few_at_a_time:
        image = read_image(file, name=name, pixel_spacing=spacing_um)
    check_registrable(name, *image.shape[:2])
    image_id = str(uuid.uuid4())
    key = f"images/{image_id}/original"
    file.seek(0)
    media_type = media_type_of(file.read(8))
    file.seek(0)
    expect(key)
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
        store_key=key,
        created_at=utc_now(),
    )


def harmless(filename: str | None) -> str:
    """The last part of what the client calls its file, printable and short."""
    last = PurePosixPath((filename or "").replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable())
    return printable[-LONGEST_NAME:] or "image"
