"""The relay: it publishes queued jobs to the broker and requeues the jobs of lost workers.

Any number of relays can run: a job that is published twice is claimed once. The API publishes single jobs
itself; the relay publishes batches, retries, and what the API could not send.
"""

from __future__ import annotations

import functools
import logging
import signal
import threading
import time
from collections.abc import Callable

from celery import Celery

from db import heartbeats, job_transitions, logs, outbox, tracing
from db.change_detector import ChangeDetector
from db.engine import Database
from db.job_queue import CHANNEL
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import open_store
from worker.adaptation_relay import AdaptationRelay
from worker.app import app
from worker.audit_signer import AuditSigner
from worker.broker import queue_length
from worker.drift_watch import DriftWatch
from worker.housekeeping import Housekeeping
from worker.processes import process_name
from worker.settings import WorkerSettings
from worker.unused_graphs import UnusedGraphs
from worker.webhooks import WebhookSender

log = logging.getLogger(__name__)

SQLITE_POLL_S = 0.05  # of SQLite's count of commits; single jobs are published by the API
POLL_S = 0.2  # of the outbox, if no other process has written
SWEEP_S = 1.0
HEARTBEAT_S = 3.0
HEARTBEAT_EXPIRES_S = 10
RETRY_S = 1.0


class Relay:
    """Publish due jobs at once, sweep every second, send a heartbeat message through an idle queue."""

    def __init__(self, database: Database, celery: Celery) -> None:
        self.database, self.celery = database, celery
        self.name = process_name()
        self._changes = ChangeDetector(database, POLL_S, CHANNEL, SQLITE_POLL_S)
        self._full_until = 0.0  # the time before which the broker had enough messages
        self._last_run: dict[Callable[[], None], float] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; while a server is unavailable, try again."""
        while not stop.is_set():
            try:
                self.step()
            except Exception:
                log.exception("the relay failed; trying again")
                # not stop.wait: the signal handler that sets the event runs in this thread; it could deadlock
                time.sleep(RETRY_S)
        self._changes.close()

    def step(self) -> None:
        """Publish what is due, and run the periodic tasks that are due."""
        self.publish_due()
        self._run_every(SWEEP_S, self.sweep)
        self._run_every(HEARTBEAT_S, self.send_heartbeat)

    def publish_due(self) -> None:
        """Wake a worker for each due job and mark the job; a superfluous message finds nothing to claim."""
        if not self._changes.poll(POLL_S) or time.monotonic() < self._full_until:
            return
        with self.database.queries.connect() as connection:  # a session would cost three times as much
            entries = outbox.due(connection)
            traced = tracing.enabled() and bool(entries)
            traces = outbox.traces(connection, [job for _, job in entries]) if traced else {}
        sent = []
        try:
            for entry, job in entries[: self._wanted()] if entries else ():
                with tracing.span("publish registration", traces.get(job), kind="PRODUCER", registration=job):
                    self.celery.send_task(outbox.TASK)
                sent.append(entry)
        finally:  # entries that the broker has not accepted remain due
            if sent:
                with self.database.writing_relaxed() as session:  # workers wait for its end
                    outbox.mark_sent(session, sent)

    def _wanted(self) -> int:
        """Return how many messages may be sent; after 0 the outbox is not read for a while."""
        wanted = max(0, outbox.MAX_WAITING - queue_length(self.celery))
        if not wanted:
            self._full_until = time.monotonic() + POLL_S
        return wanted

    def sweep(self) -> None:
        """Requeue the jobs of lost workers, and the messages of a lost queue."""
        queue_is_empty = queue_length(self.celery) == 0
        with self.database.writing() as session:
            requeued = job_transitions.requeue_expired(session)
            resent = outbox.resend_lost(session) if queue_is_empty else 0
        if requeued or resent:
            log.warning("requeued %d jobs of lost workers and %d lost messages", requeued, resent)

    def send_heartbeat(self) -> None:
        """Record that the broker responds, and send a message by which workers record that they consume."""
        if queue_length(self.celery) == 0:
            self.celery.send_task("xebra.heartbeat", expires=HEARTBEAT_EXPIRES_S)
        with self.database.writing_relaxed() as session:
            heartbeats.record(session, "relay", self.name)

    def _run_every(self, seconds: float, task: Callable[[], None]) -> None:
        if time.monotonic() - self._last_run.get(task, -seconds) >= seconds:
            self._last_run[task] = time.monotonic()
            task()


def main() -> int:
    """Run a relay until SIGTERM (``python -m worker.relay``)."""
    logs.configure()
    tracing.configure("xebra-relay")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    storage, settings = StorageSettings(), WorkerSettings()
    database = Database(storage.database_url)
    migrate(database)
    store = functools.cache(lambda: open_store(storage.images_url))
    assert storage.audit_key_file is not None  # the settings have a default
    signer = AuditSigner(database, store, storage.audit_key_file)
    others = [signer.sign, UnusedGraphs(database, settings.inference_url).drop]
    adaptations = AdaptationRelay(database, store, app, settings.adaptation == "relay")
    housekeeping = Housekeeping(database, store, settings.keep_days, others)
    sender = WebhookSender(database, settings.webhooks_anywhere)
    for target in (housekeeping.run, sender.run, adaptations.run, DriftWatch(database).run):
        threading.Thread(target=target, args=(stop,), daemon=True).start()
    Relay(database, app).run(stop)
    database.close()
    tracing.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
