"""Distribution of events to all subscribers of this process by one reader of the database."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool

from api.events.pace import Pace
from db import events
from db.change_detector import ChangeDetector
from db.engine import Database
from db.rows import EventRow

log = logging.getLogger(__name__)

POLL_S = 0.2  # longest wait for a change before the subscribers are checked
MAX_AGE_S = 1.0
RETRY_S = 1.0
BATCH_SIZE = 1000
MAX_QUEUED = 2000  # events of a subscriber; a slower one reads the database
IDLE_S = 10.0  # time without subscribers after which the reader pauses


class EventQueue(asyncio.Queue[EventRow]):
    """Events of one subscriber; ``behind`` if it was full: the next ones are read from the database."""

    behind = False

    def catch_up(self) -> None:
        """Empty the queue, before the events since the last one are read."""
        self.behind = False
        while not self.empty():
            self.get_nowait()


@dataclass(eq=False)
class Subscriber:
    """A subscriber to the events of one owner, of one registration, or of all."""

    owner: str | None = None
    registration_id: str | None = None
    ends_only: bool = False  # other events may be late
    queue: EventQueue = field(default_factory=lambda: EventQueue(MAX_QUEUED))

    def matches(self, event: EventRow) -> bool:
        """Return whether the subscriber receives this event."""
        return self.owner in (None, event.owner) and self.registration_id in (None, event.registration_id)


class EventBroadcaster:
    """A thread that reads new events, while there are subscribers, and queues them in the event loop.

    After a database error it continues from the last event that it read, so that no event is lost.
    """

    def __init__(self, database: Database) -> None:
        self._database, self.pace = database, Pace()
        self._subscribers: set[Subscriber] = set()
        self._of_all_states = 0  # number of subscribers that receive each event at once
        self._seen = 0
        self._wanted, self._stopped = threading.Event(), False
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; call it in the event loop of the app."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name="broadcaster", daemon=True).start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped = True
        self._wanted.set()

    @asynccontextmanager
    async def subscribe(
        self, owner: str | None = None, registration_id: str | None = None, *, ends_only: bool = False
    ) -> AsyncIterator[EventQueue]:
        """Return a queue of the events from now on; events just before the call may be included.

        With ``ends_only`` all events but ends of registrations may be late. Most requests wait for an end
        only; each event that is read at once costs every API process a query.
        """
        subscriber = Subscriber(owner, registration_id, ends_only)
        if not self._subscribers:
            latest = await run_in_threadpool(self._latest_seq)
            if not self._subscribers:  # no other subscriber has started the reader in the meantime
                self._seen = latest
        self._subscribers.add(subscriber)
        self._of_all_states += not ends_only
        self._wanted.set()
        try:
            yield subscriber.queue
        finally:
            self._subscribers.discard(subscriber)
            self._of_all_states -= not ends_only

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopped:
            changes = ChangeDetector(self._database, MAX_AGE_S, events.CHANNEL)
            try:
                self._read_while_wanted(changes)
                self._wanted.clear()
            except Exception:
                log.exception("events cannot be read; trying again")
                threading.Event().wait(RETRY_S)
            finally:
                changes.close()
            if self._subscribers:  # one may have come before the flag was cleared
                self._wanted.set()

    def _latest_seq(self) -> int:
        with self._database.querying() as session:
            return events.latest_seq(session)

    def _read_while_wanted(self, changes: ChangeDetector) -> None:
        idle_since = time.monotonic()
        while not self._stopped:
            if self._subscribers:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > IDLE_S:
                return
            if changes.poll(POLL_S) and self._subscribers and self._is_wanted(changes.notified):
                self._read()

    def _is_wanted(self, notified: frozenset[str]) -> bool:
        """Return whether events are to be read now, by the texts of the notifications of them."""
        return bool(self._of_all_states) or not notified or events.ENDED in notified

    def _read(self) -> None:
        with self._database.queries.connect() as connection:  # a session would cost three times as much
            new = events.of_all(connection, self._seen, BATCH_SIZE)
        if new and self._loop is not None:
            self._seen = new[-1].seq
            self._loop.call_soon_threadsafe(self._distribute, new)

    def _distribute(self, new: Sequence[EventRow]) -> None:
        for subscriber in self._subscribers:
            queue = subscriber.queue
            for event in () if queue.behind else filter(subscriber.matches, new):
                if queue.full():
                    queue.behind = True
                    break
                queue.put_nowait(event)
