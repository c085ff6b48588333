"""The resources of a worker process, opened once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker.image_cache import ImageCache
from worker.processes import process_name
from worker.settings import WorkerSettings
from xebra.align import Aligner
from xebra.network_versions import VersionedAligners


@dataclass(frozen=True)
class WorkerContext:
    """Process name, database, store, networks and their versions, duration of a lease, last images."""

    name: str
    database: Database
    store: ImageStore
    aligner: Aligner
    lease: timedelta
    versions: VersionedAligners = field(default_factory=lambda: versioned_aligners(""))
    images: ImageCache = field(default_factory=ImageCache)


def versioned_aligners(inference_url: str) -> VersionedAligners:
    """Return the aligners of adapted versions, whose files are kept in the state folder."""
    return VersionedAligners(inference_url, StorageSettings().state_dir / "networks")


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
        versions=versioned_aligners(settings.inference_url),
    )
