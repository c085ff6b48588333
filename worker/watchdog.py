"""Ends a worker that lives but does not consume, so that whoever supervises it starts it anew.

When Redis goes away while every process of the pool is busy, kombu can acknowledge none of their messages,
counts them as unfinished for ever and asks for no other; Celery stays up and does nothing (see celery#8030).
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

LOOK_EVERY_S = 2.0
LOOKS = 3  # in a row, before a worker counts as stuck
STUCK = 70  # exit code


class Watchdog:
    """Looks whether messages wait while this worker has nothing to do and takes none."""

    def __init__(self, app: Celery) -> None:
        self.app, self.received = app, 0
        task_received.connect(self._count, weak=False)

    def start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        suspicious, received = 0, self.received
        while suspicious < LOOKS:
            time.sleep(LOOK_EVERY_S)
            idle = self.received == received and not state.reserved_requests
            suspicious = suspicious + 1 if idle and self._work_waits() else 0
            received = self.received
        log.critical("messages wait and this worker takes none: it ends, to be started anew")
        os._exit(STUCK)  # nothing is under way; an orderly end would wait for the broken connection

    def _work_waits(self) -> bool:
        try:
            return queue_length(self.app) > 0
        except Exception:  # the broker is away: nothing can be taken, and that is no fault of the worker
            return False

    def _count(self, **_: object) -> None:
        self.received += 1
