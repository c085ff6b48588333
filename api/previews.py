"""Small 8-bit pictures of large images for the page, made when first asked for and kept in the store."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import BinaryIO

import numpy as np

from db.errors import ObjectAltered
from db.store import ImageStore
from xebra.errors import RegistrationError

LONGEST = 1024
SPOOL = 8 << 20
_one_at_a_time = Lock()  # drawing is heavy on memory and processor; answering others comes first


def kept(store: ImageStore, key: str, draw: Callable[[BinaryIO], None]) -> str:
    """The key of a picture, which is drawn if the store does not have it yet."""
    if not store.exists(key):
        with _one_at_a_time, SpooledTemporaryFile(max_size=SPOOL) as file:
            _draw(draw, file, key)
            file.seek(0)
            store.put(key, file)
    return key


def _draw(draw: Callable[[BinaryIO], None], file: BinaryIO, key: str) -> None:
    """What the store keeps could be read when it was put there: if not now, it was altered since."""
    try:
        draw(file)
    except RegistrationError as error:
        raise ObjectAltered(f"no {key.rpartition('/')[2]} can be drawn: {error}") from error


def draw_preview(pixels: np.ndarray, target: BinaryIO) -> None:
    """An 8-bit PNG, its longest side at most 1024, grey values stretched between percentiles."""
    import imagecodecs

    from xebra.picture import stretched
    from xebra.resample import shrunk

    small, _ = shrunk(pixels, LONGEST)
    shown = np.clip(stretched(small), 0, 1)
    target.write(imagecodecs.png_encode((shown * 255 + 0.5).astype(np.uint8)))


def draw_stored(store: ImageStore, key: str) -> Callable[[BinaryIO], None]:
    """Draws the preview of an image in the store."""
    from xebra import image_files

    def draw(target: BinaryIO) -> None:
        with store.open(key) as file:
            draw_preview(image_files.read(file, key).pixels, target)

    return draw
