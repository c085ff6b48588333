"""Previews: 8-bit PNGs of large images, drawn at the first request and stored."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, BinaryIO, cast

import numpy as np

from db.errors import ObjectAltered
from db.store import ImageStore
from xebra.errors import RegistrationError

MAX_SIDE_PX = 1024
SPOOL_BYTES = 8 << 20
Draw = Callable[[BinaryIO], None]
_drawing = Lock()  # one at a time: drawing needs much memory and processor time


def create_once(store: ImageStore, key: str, draw: Draw) -> None:
    """Draw and store a picture, unless the store has it.

    Raises:
        ObjectAltered: the stored image, which was readable when it was uploaded, cannot be read.
    """
    if store.exists(key):
        return
    with _drawing, SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
        file = cast(BinaryIO, spooled)
        try:
            draw(file)
        except RegistrationError as error:
            raise ObjectAltered(f"{key.rpartition('/')[2]} cannot be drawn: {error}") from error
        file.seek(0)
        store.put(key, file)


def draw_preview(pixels: np.ndarray[Any, Any], target: BinaryIO) -> None:
    """Write an 8-bit PNG, at most 1024 px wide and high, its grey values stretched between percentiles."""
    import imagecodecs

    from xebra.picture import stretched
    from xebra.resample import shrunk

    small, _ = shrunk(pixels, MAX_SIDE_PX)
    shown = np.clip(stretched(small), 0, 1)
    target.write(imagecodecs.png_encode((shown * 255 + 0.5).astype(np.uint8)))


def draw_stored(store: ImageStore, key: str) -> Draw:
    """Return a function that draws the preview of a stored image."""
    from xebra import image_files

    def draw(target: BinaryIO) -> None:
        with store.open(key) as file:
            draw_preview(image_files.read(file, key).pixels, target)

    return draw
