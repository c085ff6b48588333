"""Tells the workers about jobs, and takes jobs back from workers that are gone.

Any number of relays may run: what is published twice is claimed once.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable

from celery import Celery

from db import endings, heartbeats, logs, outbox
from db.changes import Changes
from db.engine import Database
from db.line import CHANNEL
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import open_store
from worker.app import app
from worker.broker import queue_length
from worker.housekeeping import Housekeeping
from worker.processes import name_of_this_process
from worker.settings import WorkerSettings
from worker.webhooks import Deliveries

log = logging.getLogger(__name__)

LOOK_S = 0.2  # at the outbox, where nobody has written in the meantime
SWEEP_S = 1.0
PULSE_S = 3.0
PULSE_EXPIRES_S = 10
AFTER_A_FAULT_S = 1.0


class Relay:
    """Publishes the outbox at once, sweeps every second, sends a pulse through an idle queue."""

    def __init__(self, database: Database, celery: Celery) -> None:
        self.database, self.celery = database, celery
        self.name = name_of_this_process()
        self._changes = Changes(database, LOOK_S, CHANNEL)
        self._last: dict[Callable, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a server that is away is waited for."""
        while not stop.is_set():
            try:
                self.step()
            except Exception:
                log.exception("the relay could not work; it tries again")
                time.sleep(
                    AFTER_A_FAULT_S
                )  # not stop.wait: a handler that sets what its own thread waits for may hang
        self._changes.close()

    def step(self) -> None:
        """One round: what is due now, and what is due every so often."""
        self.publish_due()
        self._every(SWEEP_S, self.sweep)
        self._every(PULSE_S, self.pulse)

    def publish_due(self) -> None:
        """Wake a worker for each waiting job, then mark it: a call too many finds nothing to claim."""
        if not self._changes.any(LOOK_S):
            return
        with self.database.engine.connect() as connection:  # a session would cost thrice as much
            entries = outbox.due(connection)
        sent = []
        try:
            for entry, _ in entries:
                self.celery.send_task("xebra.work")
                sent.append(entry)
        finally:  # what a lost broker did not take is due as before
            if sent:
                with self.database.noting() as session:  # workers wait for its end
                    outbox.mark_sent(session, sent)

    def sweep(self) -> None:
        """Queue again what a lost worker or a lost queue has left lying."""
        nothing_queued = queue_length(self.celery) == 0
        with self.database.writing() as session:
            requeued = endings.requeue_expired(session)
            resent = outbox.resend_lost(session) if nothing_queued else 0
        if requeued or resent:
            log.warning("%d lost by their workers, %d by the queue", requeued, resent)

    def pulse(self) -> None:
        """Show that the broker answers, and give the workers a chance to show that they consume."""
        if queue_length(self.celery) == 0:
            self.celery.send_task("xebra.pulse", expires=PULSE_EXPIRES_S)
        with self.database.noting() as session:
            heartbeats.beat(session, "relay", self.name)

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        if time.monotonic() - self._last.get(work, -seconds) >= seconds:
            self._last[work] = time.monotonic()
            work()


def main() -> int:
    """``python -m worker.relay``: run until SIGTERM."""
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    storage = StorageSettings()
    database = Database(storage.database_url)
    migrate(database)
    settings = WorkerSettings()
    keeping = Housekeeping(database, lambda: open_store(storage.images_url), settings.keep_days)
    for beside in (keeping, Deliveries(database, settings.webhooks_anywhere)):
        threading.Thread(target=beside.run, args=(stop,), daemon=True).start()
    Relay(database, app).run(stop)
    database.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
