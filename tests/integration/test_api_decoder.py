"""A decoder that exceeds its deadline makes the process report that it must be restarted."""

from __future__ import annotations

import asyncio
import io
import threading

import pytest
from fastapi import Request
from support.service import speckle, tiff

from api.errors import DecodersBusy, DecoderStuck
from api.health import get_liveness
from api.images import decoder as module
from api.images.decoder import DECODERS, UploadDecoder


async def _connected() -> dict:
    await asyncio.sleep(3600)
    return {}


REQUEST = Request({"type": "http"}, _connected)


def test_stuck_decoder_is_reported_by_liveness(monkeypatch):
    """The stream of the upload blocks in its thread, as a file system that does not respond does."""
    monkeypatch.setattr(module, "STUCK_GRACE_S", 0.0)
    released = threading.Event()

    class Blocking(io.BytesIO):
        def seek(self, *arguments: int) -> int:
            released.wait()
            return super().seek(*arguments)

    async def run() -> None:
        decoder = UploadDecoder(decode_s=0.05, wait_s=0.05)
        assert (await get_liveness(decoder)).status == "alive"
        stuck = [
            asyncio.create_task(decoder.decode(REQUEST, Blocking(tiff(speckle())), "a.tif", None))
            for _ in range(DECODERS)
        ]
        await asyncio.sleep(0.3)
        with pytest.raises(DecoderStuck, match="restart the API"):
            await get_liveness(decoder)
        with pytest.raises(DecodersBusy):
            await decoder.decode(REQUEST, io.BytesIO(tiff(speckle())), "b.tif", None)
        released.set()
        await asyncio.wait(stuck)
        assert (await get_liveness(decoder)).status == "alive"

    asyncio.run(run())
