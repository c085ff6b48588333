"""The series that this process follows, each frame in its turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from api.dependencies import AppState
from api.errors import SeriesBusy
from api.series.lane import CHUNK_S, Given, Lane
from db import series
from db.errors import SeriesFinished
from db.rows import SeriesFrameRow, SeriesRow

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_LANES = 32  # trackers in memory, some 20 MB each at 512 x 512 px; others are made again from the rows
MAX_WAITING = 64  # frames of one series


class Trackers:
    """Lanes of the series, the one used last at the end."""

    def __init__(self, state: AppState) -> None:
        self._database, self._store = state.database, state.store
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        self._threads = ThreadPoolExecutor(state.settings.series_threads, thread_name_prefix="series")
        self._closing: set[asyncio.Task[None]] = set()

    async def lane(self, series_id: str, owner: str) -> Lane:
        """Return the lane of a series, with its reference loaded.

        Raises:
            SeriesNotFound: there is no such series of this owner.
            SeriesFinished: it has ended.
        """
        lane = self._lanes.get(series_id)
        if lane is None or lane.row.owner != owner:
            row = await self._run(self._row, series_id, owner)
            lane = self._lanes.setdefault(series_id, Lane(row))
        self._lanes.move_to_end(series_id)
        if lane.row.state != series.RECORDING:
            self.forget(series_id)
            raise SeriesFinished("the series has ended; create another one")
        if lane.shape is None:
            async with lane.turn:
                if lane.tracker is None:
                    await self._run(lane.load, self._database, self._store)
        self._drop_unused()
        return lane

    async def prepare(self, series_id: str, owner: str) -> None:
        """Load the reference of a series, so that its first frame does not wait for it."""
        with contextlib.suppress(SeriesFinished):  # the answer to a repeated request
            await self.lane(series_id, owner)

    async def append(self, lane: Lane, given: Given) -> SeriesFrameRow:
        """Return the row of a frame once its position is found and stored; frames take turns in order.

        Raises:
            SeriesBusy: too many frames of the series are waiting.
            SeriesNotFound, SeriesFinished, FrameNumberReused: it cannot be appended.
        """
        if lane.waiting >= MAX_WAITING:
            raise SeriesBusy(f"{MAX_WAITING} frames of the series are waiting; send fewer at a time")
        lane.waiting += 1
        try:
            async with lane.turn:
                row = await self._run(lane.append, given, self._database, self._store)
        except (LookupError, SeriesFinished):
            self.forget(lane.row.id)
            raise
        finally:
            lane.waiting -= 1
        if lane.chunk_begun is not None and lane.waiting == 0 and not self._closes(lane):
            self._close_later(lane)
        return row

    def forget(self, series_id: str) -> None:
        """Drop the tracker of a series that has ended."""
        self._lanes.pop(series_id, None)

    def _closes(self, lane: Lane) -> bool:
        return any(task.get_name() == lane.row.id for task in self._closing)

    def _close_later(self, lane: Lane) -> None:
        task = asyncio.create_task(self._close(lane), name=lane.row.id)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, lane: Lane) -> None:
        """Complete the chunk that the last frames belong to, unless further frames do."""
        await asyncio.sleep(CHUNK_S)
        async with lane.turn:
            if lane.chunk_begun is None:
                return
            try:
                await self._run(lane.close_chunk, self._database)
            except Exception:  # the relay completes it
                log.exception("series %s: a chunk was not completed", lane.row.id)

    def _row(self, series_id: str, owner: str) -> SeriesRow:
        with self._database.reading() as session:
            return series.get(session, series_id, owner)

    def _drop_unused(self) -> None:
        for series_id, lane in list(self._lanes.items()):
            if len(self._lanes) <= MAX_LANES:
                return
            if not lane.waiting and not lane.turn.locked():
                self.forget(series_id)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
