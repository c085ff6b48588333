"""The resources of a worker process, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker.processes import process_name
from worker.settings import WorkerSettings
from xebra.align import Aligner


@dataclass(frozen=True)
class WorkerContext:
    """Process name, database, image store, networks, and the duration of a lease."""

    name: str
    database: Database
    store: ImageStore
    aligner: Aligner
    lease: timedelta


@cache
def worker_context() -> WorkerContext:
    """Return the context of this process, created at the first call."""
    storage, settings = StorageSettings(), WorkerSettings()
    database = Database(storage.database_url)
    migrate(database)
    return WorkerContext(
        name=process_name(),
        database=database,
        store=open_store(storage.images_url),
        aligner=Aligner(settings.inference_url),
        lease=timedelta(seconds=settings.lease_seconds),
    )
