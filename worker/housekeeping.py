"""What is done now and then, beside the jobs: remove what nobody points at any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from db import answers, retention, unsettled
from db.engine import Database
from db.store import ImageStore
from db.types import utc_now

log = logging.getLogger(__name__)

EVERY_S = 60.0


class Housekeeping:
    """A thread of the relay's; a chore that fails is tried again at the next round."""

    def __init__(
        self, database: Database, open_store: Callable[[], ImageStore], keep_days: float = 0
    ) -> None:
        self.database, self._open_store, self.keep_days = database, open_store, keep_days
        self._store: ImageStore | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            for chore in (self.forget_answers, self.expire, self.remove_unsettled):
                try:
                    chore()
                except Exception:
                    log.exception("%s did not succeed; it is tried again", chore.__name__)
            stop.wait(EVERY_S)

    def forget_answers(self) -> None:
        """Answers under an Idempotency-Key that nobody repeats any more."""
        with self.database.writing() as session:
            answers.forget_old(session)

    def expire(self) -> int:
        """Registrations and images that are older than the service keeps them; the audit keeps its word."""
        if not self.keep_days:
            return 0
        before = utc_now() - timedelta(days=self.keep_days)
        with self.database.writing() as session:
            retention.forget_deliveries(session, before)
        return _sum_until_none(lambda: self._expire_some(before))

    def _expire_some(self, before: datetime) -> int:
        with self.database.reading() as session:
            old = retention.registrations(session, before) + retention.images(session, before)
        for row in old:
            keys = list(self._images().list(f"{row.__tablename__}/{row.id}/"))
            with self.database.writing() as session:
                retention.forget(session, row, keys)
        return len(old)

    def remove_unsettled(self) -> int:
        """Objects that a killed writer left behind, or an expired row; how many names there were."""
        removed = _sum_until_none(self._remove_some)
        if removed:
            log.info("removed %d objects that no row points at", removed)
        return removed

    def _remove_some(self) -> int:
        with self.database.reading() as session:
            keys = unsettled.left(session)
        for key in keys:
            self._images().delete(key)
            with self.database.writing() as session:
                unsettled.settle(session, key)
        return len(keys)

    def _images(self) -> ImageStore:
        self._store = self._store or self._open_store()
        return self._store


def _sum_until_none(some: Callable[[], int]) -> int:
    """Do it again until nothing is left to do; how much it was."""
    return sum(iter(some, 0))
