"""Previews: 8-bit PNGs of large images, drawn at the first request and stored."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from threading import BoundedSemaphore, Lock
from typing import Any, BinaryIO, cast

import numpy as np

from api.errors import DrawingBusy
from api.images.choice import Choice
from db.errors import ObjectAltered
from db.rows import ImageRow
from db.store import ImageStore
from xebra.errors import ImageChoiceNeeded, RegistrationError

MAX_SIDE_PX = 1024
THUMBNAIL_PX = 256
SPOOL_BYTES = 8 << 20
Draw = Callable[[BinaryIO], None]
MAX_WAITING = 80  # requests that wait for a drawing, a resampled image or a match; each takes a thread
_waiting = BoundedSemaphore(MAX_WAITING)
_drawing = Lock()  # one at a time: drawing needs much memory and processor time


def create_once(store: ImageStore, key: str, draw: Draw) -> None:
    """Draw and store a picture, unless the store has it.

    Raises:
        DrawingBusy: too many requests wait for a drawing.
        ObjectAltered: the stored image, which was readable when it was uploaded, cannot be read.
    """
    if store.exists(key):
        return
    with waiting(), _drawing:
        _create(store, key, draw)


@contextmanager
def waiting() -> Iterator[None]:
    """Count a request that waits for long work, so that others find a thread.

    Raises:
        DrawingBusy: too many requests wait.
    """
    if not _waiting.acquire(blocking=False):
        raise DrawingBusy("many pictures are being drawn; send the request again in some seconds")
    try:
        yield
    finally:
        _waiting.release()


def _create(store: ImageStore, key: str, draw: Draw) -> None:
    if store.exists(key):  # drawn while this request waited
        return
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
        file = cast(BinaryIO, spooled)
        try:
            draw(file)
        except ImageChoiceNeeded:  # such as an X-ray line that is not in the spectrum
            raise
        except RegistrationError as error:
            raise ObjectAltered(f"{key.rpartition('/')[2]} cannot be drawn: {error}") from error
        file.seek(0)
        store.put(key, file)


def write_tiff_to(target: BinaryIO, write: Callable[[str], None]) -> None:
    """Copy what ``write`` writes to a path, because a TIFF writer takes no spooled file."""
    with NamedTemporaryFile(suffix=".tif") as file:
        write(file.name)
        shutil.copyfileobj(file, target)


def draw_preview(pixels: np.ndarray[Any, Any], target: BinaryIO, max_side_px: int = MAX_SIDE_PX) -> None:
    """Write an 8-bit PNG of limited width and height, its grey values stretched between percentiles."""
    import imagecodecs

    from xebra.picture import stretched
    from xebra.resample import shrunk

    small, _ = shrunk(pixels, max_side_px)
    shown = np.clip(stretched(small), 0, 1)
    target.write(imagecodecs.png_encode((shown * 255 + 0.5).astype(np.uint8)))


def draw_upload(store: ImageStore, row: ImageRow, choice: Choice, max_side_px: int) -> Draw:
    """Return a function that draws the preview of an image of an uploaded file."""
    from xebra.image import read_pixels_untrusted

    def draw(target: BinaryIO) -> None:
        with store.open(row.store_key) as file:
            pixels = read_pixels_untrusted(file, row.name, channel=choice.channel, frame=choice.frame)
        draw_preview(pixels, target, max_side_px)

    return draw


def draw_stored(store: ImageStore, key: str) -> Draw:
    """Return a function that draws the preview of an image that Xebra has written."""
    from xebra import image_files

    def draw(target: BinaryIO) -> None:
        with store.open(key) as file:
            draw_preview(image_files.read(file, key).pixels, target)

    return draw
