"""Periodic deletion of expired data and of objects to which no row refers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from db import clock, idempotency, pending_objects, retention
from db import series as stored_series
from db.engine import Database
from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore

log = logging.getLogger(__name__)

INTERVAL_S = 60.0


class Housekeeping:
    """A thread of the relay; a failed task is repeated in the next interval."""

    def __init__(
        self,
        database: Database,
        open_store: Callable[[], ImageStore],
        keep_days: float = 0,
        others: Sequence[Callable[[], int]] = (),
    ) -> None:
        self._others = others
        self.database, self._open_store, self.keep_days = database, open_store, keep_days
        self._opened: ImageStore | None = None

    def run(self, stop: threading.Event) -> None:
        """Run all tasks periodically until ``stop`` is set."""
        while not stop.is_set():
            own = (
                *(self.delete_idempotency_keys, self.complete_series),
                *(self.expire, self.delete_pending_objects),
            )
            for task in (*own, *self._others):
                try:
                    task()
                except Exception:
                    log.exception("%s failed; it is repeated", getattr(task, "__name__", task))
            stop.wait(INTERVAL_S)

    def delete_idempotency_keys(self) -> int:
        """Delete expired idempotency keys; return their number."""
        with self.database.writing() as session:
            return idempotency.delete_expired(session)

    def complete_series(self) -> int:
        """Audit frames that a killed API has left, finish idle series; return the number of series."""
        with self.database.reading() as session:
            left, idle = stored_series.left(session), stored_series.idle(session)
        for series_id in left:
            with self.database.writing() as session:
                stored_series.close_chunk(session, series_id)
        for series_id in idle:
            with self.database.writing() as session:
                stored_series.finish(session, series_id, actor="relay")
        return len(left) + len(idle)

    def expire(self) -> int:
        """Delete what is older than the retention time, deliveries included; return the number of rows."""
        if not self.keep_days:
            return 0
        with self.database.writing() as session:
            before = clock.now(session) - timedelta(days=self.keep_days)
            retention.delete_deliveries(session, before)
        return _repeat(lambda: self._expire_series(before)) + _repeat(lambda: self._expire_some(before))

    def delete_pending_objects(self) -> int:
        """Delete the objects of killed writers and of deleted rows; return their number."""
        deleted = _repeat(self._delete_some)
        if deleted:
            log.info("deleted %d objects without a row", deleted)
        return deleted

    def _expire_series(self, before: datetime) -> int:
        with self.database.writing() as session:
            expired = stored_series.expired(session, before)
            for series_id in expired:
                stored_series.remove(session, series_id, "relay", "series.expired")
        return len(expired)

    def _expire_some(self, before: datetime) -> int:
        with self.database.reading() as session:
            rows: list[RegistrationRow | ImageRow] = []
            rows += retention.expired_registrations(session, before)
            rows += retention.expired_images(session, before)
        for row in rows:
            keys = list(self._store().list(f"{row.__tablename__}/{row.id}/"))
            with self.database.writing() as session:
                retention.delete_row(session, row, keys)
        return len(rows)

    def _delete_some(self) -> int:
        with self.database.reading() as session:
            keys = pending_objects.expired(session)
        for key in keys:
            self._store().delete(key)
            with self.database.writing() as session:
                pending_objects.commit(session, key)
        return len(keys)

    def _store(self) -> ImageStore:
        if self._opened is None:
            self._opened = self._open_store()
        return self._opened


def _repeat(some: Callable[[], int]) -> int:
    """Call the function until it returns 0; return the sum."""
    return sum(iter(some, 0))
