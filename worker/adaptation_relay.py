"""The relay's part of adaptations: it wakes their workers, or runs them itself in the embedded service."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from celery import Celery

from db import adaptations
from db.engine import Database
from db.store import ImageStore
from worker import adaptation
from worker.broker import queue_length

log = logging.getLogger(__name__)

POLL_S = 2.0


class AdaptationRelay:
    """A thread of the relay that looks for queued adaptations and for those of lost workers."""

    def __init__(
        self, database: Database, open_store: Callable[[], ImageStore], celery: Celery, runs_them: bool
    ) -> None:
        self.database, self._open_store, self.celery = database, open_store, celery
        self.runs_them = runs_them  # otherwise workers with the queue ``adaptation`` do

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what fails is repeated."""
        while not stop.wait(POLL_S):
            try:
                self.step()
            except Exception:
                log.exception("adaptations cannot be started; trying again")

    def step(self) -> None:
        """Queue adaptations of lost workers again, and start what is queued."""
        with self.database.reading() as session:
            waiting, lost = adaptations.any_queued(session), adaptations.any_expired(session)
        if lost:
            with self.database.writing() as session:
                adaptations.requeue_expired(session)
        if waiting and self.runs_them:
            adaptation.run_next(self.database, self._open_store())
        elif waiting and queue_length(self.celery, adaptations.QUEUE) == 0:
            self.celery.send_task(adaptations.TASK, queue=adaptations.QUEUE)
