"""Messages that wake a worker as soon as a job is accepted; the relay sends those that fail here."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Celery

from db import outbox, tracing
from db.engine import Database

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0
RETRY_S = 10.0  # after an error; until then the relay sends every message
TRANSPORT = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "max_retries": 0}


class WakeUps:
    """A sender of messages; without a broker, or after an error, it leaves them to the relay."""

    def __init__(self, broker_url: str, database: Database) -> None:
        self._database, self._retry_at = database, 0.0 if broker_url else float("inf")
        self._celery = Celery("xebra-api", broker=broker_url or "memory://", set_as_current=False)
        self._celery.conf.update(
            task_default_queue=outbox.QUEUE,
            task_publish_retry=False,
            broker_transport_options=TRANSPORT,
            broker_connection_timeout=TIMEOUT_S,
        )

    def ready(self) -> bool:
        """Return whether jobs are accepted as published: ``send`` is called for each of them."""
        return time.monotonic() >= self._retry_at

    def send(self, registration_id: str) -> None:
        """Wake a worker for a job that was accepted as published.

        If this process is killed before, the relay sends the message after some seconds.
        """
        try:
            with tracing.span("publish registration", None, kind="PRODUCER", registration=registration_id):
                self._send()
        except Exception as error:  # of kombu, of redis or of the system
            log.warning("the broker does not answer; the relay wakes the workers: %s", error)
            self._retry_at = time.monotonic() + RETRY_S
            with self._database.writing_relaxed() as session:
                outbox.mark_unsent(session, registration_id)

    def _send(self) -> None:
        with self._celery.producer_or_acquire() as producer:
            client: Any = producer.channel.client
            if client.llen(outbox.QUEUE) < outbox.MAX_WAITING:
                self._celery.send_task(outbox.TASK, producer=producer)
