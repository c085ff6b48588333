"""The Celery app: its messages carry ids, and lose nothing that the database would not bring back."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready

from db import logs
from worker.broker import QUEUE, checked
from worker.processes import end_with_parent
from worker.settings import WorkerSettings

LONGEST_JOB_S = 12 * 3600  # a task that ran longer would be delivered twice (and find nothing to claim)
START_OF_A_PROCESS_S = 60  # opening a network takes longer than Celery's patience of 4 s on a busy machine


def configuration(settings: WorkerSettings) -> dict[str, Any]:
    """Celery's settings: acknowledge late, take one at a time, JSON only, keep no results."""
    return {
        "broker_url": checked(settings.broker_url),
        "broker_transport_options": {"visibility_timeout": LONGEST_JOB_S},
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
        "worker_proc_alive_timeout": START_OF_A_PROCESS_S,
        "worker_enable_remote_control": False,
        "worker_redirect_stdouts": False,
    }


app = Celery("xebra", include=["worker.tasks"])
app.add_defaults(lambda: configuration(WorkerSettings()))  # read when Celery first asks


@setup_logging.connect
def write_as_all_do(**_: Any) -> None:
    """Celery's two lines for every message, pulses included, would bury what happens to the jobs."""
    logs.configure()
    for name in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(name).setLevel("WARNING")


@worker_process_init.connect
def open_early(**_: Any) -> None:
    """Open database, store and network before the first job, once in each process of the pool."""
    from worker.workplace import workplace

    end_with_parent()
    workplace()


@worker_ready.connect
def watch_over_itself(**_: Any) -> None:
    """A worker that no longer consumes ends itself."""
    from worker.watchdog import Watchdog

    Watchdog(app).start()
