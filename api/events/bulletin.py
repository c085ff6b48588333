"""Reads events once for all who wait in this process, and only while somebody does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool

from db import events
from db.changes import Changes
from db.engine import Database
from db.rows import EventRow

log = logging.getLogger(__name__)

LOOK_S = 0.2  # whether anybody waits still
TRUSTED_S = 1.0
AFTER_A_FAULT_S = 1.0
AT_ONCE = 1000
LINGERS_S = 10.0  # after the last has gone: the next finds it at work


@dataclass(eq=False)
class Reader:
    """Somebody who waits for events: of one owner, or of one registration."""

    owner: str | None = None
    registration_id: str | None = None
    news: asyncio.Queue[EventRow] = field(default_factory=asyncio.Queue)

    def wants(self, event: EventRow) -> bool:
        return self.owner in (None, event.owner) and self.registration_id in (None, event.registration_id)


class Bulletin:
    """A thread follows the table of events and hands each to those who want it, in the event loop.

    Where it could not read for a while it goes on from where it was, so that nobody misses anything.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: set[Reader] = set()
        self._seen = 0
        self._wanted, self._over = threading.Event(), False
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """To be called in the event loop that serves."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._follow, name="bulletin", daemon=True).start()

    def stop(self) -> None:
        self._over = True
        self._wanted.set()

    @asynccontextmanager
    async def reading(
        self, owner: str | None = None, registration_id: str | None = None
    ) -> AsyncIterator[asyncio.Queue[EventRow]]:
        """A queue of the events from now on; some of those just before may be among them."""
        reader = Reader(owner, registration_id)
        if not self._readers:
            last = await run_in_threadpool(self._last)
            if not self._readers:  # whoever is first says from where on, before anything can happen unseen
                self._seen = last
        self._readers.add(reader)
        self._wanted.set()
        try:
            yield reader.news
        finally:
            self._readers.discard(reader)

    def _follow(self) -> None:
        while self._wanted.wait() and not self._over:
            changes = Changes(self._database, TRUSTED_S, events.CHANNEL)
            try:
                self._while_somebody_waits(changes)
                self._wanted.clear()
            except Exception:
                log.exception("events could not be read; it is tried again")
                threading.Event().wait(AFTER_A_FAULT_S)
            finally:
                changes.close()
            if self._readers:  # who came just before that was cleared
                self._wanted.set()

    def _last(self) -> int:
        with self._database.reading() as session:
            return events.last(session)

    def _while_somebody_waits(self, changes: Changes) -> None:
        alone_since = time.monotonic()
        while not self._over:
            if self._readers:
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > LINGERS_S:
                return
            if changes.any(LOOK_S) and self._readers:
                self._read()

    def _read(self) -> None:
        with self._database.reading() as session:
            news = events.after(session, self._seen, limit=AT_ONCE)
        if news:
            self._seen = news[-1].seq
            self._loop.call_soon_threadsafe(self._hand_out, news)

    def _hand_out(self, news: list[EventRow]) -> None:
        for event in news:
            for reader in self._readers:
                if reader.wants(event):
                    reader.news.put_nowait(event)
