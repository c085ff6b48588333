"""What a worker process holds open from its first job to its last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker.processes import name_of_this_process
from worker.settings import WorkerSettings
from xebra.align import Aligner


@dataclass(frozen=True)
class Workplace:
    """Rows, images and networks; ``name`` is who works here."""

    name: str
    database: Database
    store: ImageStore
    aligner: Aligner
    lease: timedelta


@cache
def workplace() -> Workplace:
    """The one of this process, opened when first asked for."""
    storage, settings = StorageSettings(), WorkerSettings()
    database = Database(storage.database_url)
    migrate(database)
    return Workplace(
        name=name_of_this_process(),
        database=database,
        store=open_store(storage.images_url),
        aligner=Aligner(settings.inference_url),
        lease=timedelta(seconds=settings.lease_seconds),
    )
