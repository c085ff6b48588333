"""The watchdog: it terminates a worker that no longer consumes messages, so that it is restarted.

If Redis disconnects while every process of the pool is busy, kombu cannot acknowledge their messages, counts
them as unfinished for ever and fetches no others; Celery keeps running and does nothing (see celery#8030).
"""

from __future__ import annotations

import logging
import os
import threading
import time

from celery import Celery
from celery.signals import task_received
from celery.worker import state

from worker.broker import queue_length

log = logging.getLogger(__name__)

CHECK_S = 2.0
CHECKS = 3  # consecutive ones after which a worker counts as stuck
EXIT_STUCK = 70


class Watchdog:
    """A thread that checks whether messages are queued while this worker is idle and takes none."""

    def __init__(self, app: Celery) -> None:
        self.app, self.received = app, 0
        task_received.connect(self._count, weak=False)

    def start(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def _run(self) -> None:
        suspicious, received = 0, self.received
        while suspicious < CHECKS:
            time.sleep(CHECK_S)
            idle = self.received == received and not state.reserved_requests
            suspicious = suspicious + 1 if idle and self._messages_queued() else 0
            received = self.received
        log.critical("messages are queued and this worker takes none: it exits, to be restarted")
        os._exit(EXIT_STUCK)  # no job is running; an orderly shutdown would wait for the broken connection

    def _messages_queued(self) -> bool:
        """Return whether a queue that this worker serves has messages."""
        try:
            return any(queue_length(self.app, name) > 0 for name in self.app.amqp.queues.consume_from)
        except Exception:  # the broker is unavailable, which is not a fault of the worker
            return False

    def _count(self, **_: object) -> None:
        self.received += 1
