"""The Celery app. Its messages carry no data; the relay sends lost messages again."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from db import logs, tracing
from db.outbox import QUEUE
from worker import draining
from worker.broker import validate_url
from worker.processes import die_with_parent
from worker.settings import WorkerSettings

VISIBILITY_TIMEOUT_S = (
    12 * 3600
)  # longer than any job; a longer one would be delivered twice, and claimed once
PROCESS_START_TIMEOUT_S = 60  # loading a network takes longer than Celery's default of 4 s on a busy machine


def configuration(settings: WorkerSettings) -> dict[str, Any]:
    """Return Celery's settings: late acknowledgement, no prefetching, JSON only, no results."""
    return {
        "broker_url": validate_url(settings.broker_url),
        "broker_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_S},
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_default_queue": QUEUE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.worker_processes,
        "worker_proc_alive_timeout": PROCESS_START_TIMEOUT_S,
        "worker_enable_remote_control": False,
        "worker_redirect_stdouts": False,
    }


app = Celery("xebra", include=["worker.tasks"])
app.add_defaults(lambda: configuration(WorkerSettings()))  # evaluated at the first use


@setup_logging.connect
def configure_logging(**_: Any) -> None:
    """Configure the log without Celery's two lines for each message, heartbeats included."""
    logs.configure()
    for name in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(name).setLevel("WARNING")


@worker_process_init.connect
def open_context(**_: Any) -> None:
    """Open database, store and network before the first job, once in each process of the pool."""
    from worker.context import worker_context

    die_with_parent()
    tracing.configure("xebra-worker")
    worker_context()


@worker_process_shutdown.connect
def send_last_spans(**_: Any) -> None:
    """Send the spans that are left."""
    tracing.flush()


@worker_shutting_down.connect
def request_draining(**_: Any) -> None:
    """Have the processes of the pool end after the jobs that they run."""
    draining.request()


@worker_ready.connect
def start_watchdog(**_: Any) -> None:
    """Start the thread that terminates a worker that no longer consumes messages."""
    from worker.watchdog import Watchdog

    Watchdog(app).start()
