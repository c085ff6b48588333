"""Graphs of versions that nobody uses any more are dropped from the Triton server."""

from __future__ import annotations

import logging
from datetime import timedelta

from db import clock, networks
from db.engine import Database

log = logging.getLogger(__name__)

KEPT_AFTER_USE = timedelta(minutes=10)  # longer than the jobs that began with a version


class UnusedGraphs:
    """A periodic task of the relay."""

    def __init__(self, database: Database, inference_url: str) -> None:
        self.database, self.inference_url = database, inference_url

    def drop(self) -> int:
        """Unload the graphs of versions that were retired some time ago; return their number.

        A worker loads them again where a job or a replay needs them.
        """
        if not self.inference_url.startswith("grpc:"):
            return 0
        with self.database.reading() as session:
            unused = networks.unused_graphs(session, clock.now(session) - KEPT_AFTER_USE)
        if not unused:
            return 0
        from xebra.triton_versions import unload

        dropped = unload(self.inference_url, unused)
        if dropped:
            log.info("dropped graphs that no version in use has: %s", ", ".join(dropped))
        return len(dropped)
