"""Renewal of a claim's lease during the work on its job."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from db import claims, heartbeats
from db.claims import Claim
from worker.context import WorkerContext
from worker.errors import ClaimLost

log = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class LeaseRenewer:
    """A thread that renews the lease until the block ends; ``check`` raises ``ClaimLost`` if that fails."""

    def __init__(self, context: WorkerContext, claim: Claim) -> None:
        self._context, self._claim = context, claim
        self._done, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> LeaseRenewer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise ``ClaimLost`` if the job was cancelled or claimed by another worker."""
        if self._lost.is_set():
            raise ClaimLost(self._claim.registration_id)

    def _run(self) -> None:
        while not self._done.wait(self._context.lease.total_seconds() / RENEWALS_PER_LEASE):
            try:
                renewed = self._renew()
            except SQLAlchemyError as error:  # the next attempt may still be in time
                log.warning("the lease of %s was not renewed: %s", self._claim.registration_id, error)
                continue
            if not renewed:
                self._lost.set()
                return

    def _renew(self) -> bool:
        with self._context.database.writing_relaxed() as session:
            heartbeats.record(session, "worker", self._context.name)
            return claims.renew(session, self._claim, self._context.lease)
