"""Keeps a claimed job while somebody works on it."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from db import claims, heartbeats
from db.claims import Claim
from worker.errors import ClaimLost
from worker.workplace import Workplace

log = logging.getLogger(__name__)

BEATS_PER_LEASE = 3


class HeldLease:
    """A thread prolongs the lease until the block ends; ``check`` raises once the claim is lost."""

    def __init__(self, place: Workplace, claim: Claim) -> None:
        self._place, self._claim = place, claim
        self._done, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> HeldLease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise ``ClaimLost`` if the job was cancelled or given to another."""
        if self._lost.is_set():
            raise ClaimLost(self._claim.registration_id)

    def _keep(self) -> None:
        while not self._done.wait(self._place.lease.total_seconds() / BEATS_PER_LEASE):
            try:
                kept = self._beat()
            except SQLAlchemyError as error:  # the next beat may reach the database again in time
                log.warning("the lease of %s was not prolonged: %s", self._claim.registration_id, error)
                continue
            if not kept:
                self._lost.set()
                return

    def _beat(self) -> bool:
        with self._place.database.noting() as session:
            heartbeats.beat(session, "worker", self._place.name)
            return claims.keep(session, self._claim, self._place.lease)
