"""Decoding of uploads: few at a time, each with a deadline, none for a client that has left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, BinaryIO, TypeVar

from fastapi import Request

from api.errors import ClientLeft, DecodersBusy
from api.images import choice
from xebra import Image
from xebra.errors import ImageChoiceNeeded
from xebra.image import inspect_untrusted, read_untrusted
from xebra.image_files import FileInfo
from xebra.readers.sandbox import Limits

DECODERS = 2  # at the same time: a decoded image may take gigabytes
STORING = 8  # threads that store uploads; those that serve reads are others
LEFT_POLL_S = 0.2
STUCK_GRACE_S = 30.0  # after the deadline, at which the decoding process is killed
Decoded = tuple[Image, FileInfo]
T = TypeVar("T")


class UploadDecoder:
    """Slots for decoding and threads for storing, apart from those of all other requests."""

    def __init__(self, decode_s: float, wait_s: float) -> None:
        self.limits, self.wait_s = Limits(wall_s=decode_s), wait_s
        self._slots = asyncio.Semaphore(DECODERS)
        self._decoding = ThreadPoolExecutor(DECODERS, "decoding")
        self._storing = ThreadPoolExecutor(STORING, "storing")
        self._started: dict[asyncio.Future[Any], float] = {}

    async def decode(self, request: Request, file: BinaryIO, name: str, spacing_um: float | None) -> Decoded:
        """Return the image that stands for a file, and everything that the file holds.

        Raises:
            DecodersBusy: no slot became free in time.
            ClientLeft: the client has closed the connection; its slot is freed.
            RegistrationError: the file cannot be read within the limits, or shows nothing.
        """
        left = Event()
        work = partial(read_upload, file, name, spacing_um, limits=self.limits, cancelled=left)
        decoding, leaving = asyncio.create_task(self._in_slot(work)), asyncio.create_task(_left(request))
        try:
            await asyncio.wait((decoding, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not decoding.done():
                raise ClientLeft
            return decoding.result()
        finally:
            left.set()
            for task in (decoding, leaving):
                task.cancel()

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return the result of work that waits for the database and the image store."""
        return await asyncio.get_running_loop().run_in_executor(self._storing, work, *arguments)

    def overdue_s(self) -> float:
        """Return for how long the slowest decoder has exceeded its deadline, 0 if none has."""
        now = time.monotonic()
        return max(0.0, now - min(self._started.values(), default=now) - self.limits.wall_s - STUCK_GRACE_S)

    async def _in_slot(self, work: Callable[[], Decoded]) -> Decoded:
        try:
            async with asyncio.timeout(self.wait_s):
                await self._slots.acquire()
        except TimeoutError:
            raise DecodersBusy("other uploads are being decoded; send this one again later") from None
        running = asyncio.get_running_loop().run_in_executor(self._decoding, work)
        self._started[running] = time.monotonic()
        running.add_done_callback(self._free)
        return await asyncio.shield(running)  # a slot is free when its thread has ended, not before

    def _free(self, ended: asyncio.Future[Any]) -> None:
        del self._started[ended]
        self._slots.release()


def read_upload(
    file: BinaryIO,
    name: str,
    spacing_um: float | None,
    limits: Limits | None = None,
    cancelled: Event | None = None,
) -> Decoded:
    """Return the image that needs no naming, else the first one, and everything that the file holds."""
    wall: dict[str, Any] = {"limits": limits, "cancelled": cancelled}
    try:
        image = read_untrusted(file, name, spacing_um, **wall)
    except ImageChoiceNeeded:
        info = inspect_untrusted(file, name, **wall)
        chosen = choice.first(info)
        named: dict[str, Any] = {"channel": chosen.channel, "frame": chosen.frame}
        return read_untrusted(file, name, spacing_um, **named, **wall), info
    selected = image.selected
    assert selected is not None  # it was read from a file
    if selected.of == 1:
        return image, FileInfo(name, selected.format, [selected.channel], 0, None)
    return image, inspect_untrusted(file, name, **wall)


async def _left(request: Request) -> None:
    """Return when the client has closed the connection."""
    while not await request.is_disconnected():
        await asyncio.sleep(LEFT_POLL_S)
