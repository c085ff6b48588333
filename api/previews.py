"""Previews: 8-bit PNGs of large images, drawn at the first request and stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np
from fastapi.concurrency import run_in_threadpool

from db.errors import ObjectAltered
from db.store import ImageStore
from xebra.errors import RegistrationError

MAX_SIDE_PX = 1024
SPOOL_BYTES = 8 << 20
Draw = Callable[[BinaryIO], None]
_drawing = ThreadPoolExecutor(1, "drawing")  # one at a time: drawing needs much memory and processor time


async def create_once(store: ImageStore, key: str, draw: Draw) -> None:
    """Draw and store a picture, unless the store has it. Other requests do not wait for a drawing.

    Raises:
        ObjectAltered: the stored image, which was readable when it was uploaded, cannot be read.
    """
    if not await run_in_threadpool(store.exists, key):
        await asyncio.get_running_loop().run_in_executor(_drawing, _create, store, key, draw)


def _create(store: ImageStore, key: str, draw: Draw) -> None:
    if store.exists(key):  # drawn while this request waited
        return
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
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
    from xebra.readers import sandbox

    def draw(target: BinaryIO) -> None:
        with store.open(key) as file:
            draw_preview(sandbox.read(file, key).pixels, target)

    return draw
