"""The drift watch: the worker stores features of each job, the relay compares windows of jobs."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict
from typing import Any

from db import drift
from db.engine import Database
from worker.context import WorkerContext
from xebra import Registration
from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS, compare
from xebra.drift.features import job_features

log = logging.getLogger(__name__)

POLL_S = 3.0


def store_features(
    registration_id: str, registration: Registration, body: dict[str, Any], context: WorkerContext
) -> None:
    """Store the features of a finished job. It never affects the job: what fails is only in the log."""
    try:
        features = job_features(registration, body)
        with context.database.writing_relaxed() as session:
            drift.add_sample(session, registration_id, body["verdict"], features)
    except Exception:
        log.exception("registration=%s: the features for the drift watch were not stored", registration_id)


class DriftWatch:
    """A thread of the relay that makes windows of finished jobs and compares them with the reference."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what fails is repeated."""
        while not stop.wait(POLL_S):
            try:
                self.step()
            except Exception:
                log.exception("the drift watch failed; trying again")

    def step(self) -> int:
        """Compare all windows that are complete; return their number."""
        with self.database.reading() as session:
            owners = drift.due(session, WINDOW_JOBS)
        return sum(self._advance(owner) for owner in owners)

    def _advance(self, owner: str) -> int:
        """Make the complete windows of one instrument, each in a transaction of its own."""
        made = 0
        while self._next(owner):
            made += 1
        return made

    def _next(self, owner: str) -> bool:
        with self.database.writing() as session:
            return drift.advance(session, owner, WINDOW_JOBS, REFERENCE_JOBS, compared)


def compared(reference: drift.Values, window: drift.Values) -> list[dict[str, Any]]:
    """Return how a window compares with a reference as JSON, the most changed feature first."""
    return [asdict(change) | {"side": change.side} for change in compare(reference, window)]
