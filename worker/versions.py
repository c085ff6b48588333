"""The network that answers a job: the bundled one, or the adapted version of its instrument."""

from __future__ import annotations

from db.networks import Version
from db.store import ImageStore
from worker.context import WorkerContext
from xebra.align import Aligner
from xebra.weights import DEFAULT


def aligner(network: str | None, version: Version | None, context: WorkerContext) -> Aligner:
    """Return the aligner of a job that names this network, whose instrument has this version active.

    A version replaces the default network only: a job that names another one has that.
    """
    if version is None or network not in (None, DEFAULT):
        return context.aligner
    return opened(version, context)


def opened(version: Version, context: WorkerContext) -> Aligner:
    """Return the aligner of a version; its archive is read from the store where it is not open."""
    return context.versions.get(version, lambda: read_archive(version.store_key, context.store))


def read_archive(key: str, store: ImageStore) -> bytes:
    """Return the archive of a version.

    Raises:
        ObjectMissing: the store has lost it.
    """
    with store.open(key) as file:
        return file.read()
