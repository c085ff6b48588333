"""Renewal of a claim's lease during the work on its job."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from db import claims, heartbeats
from db.claims import Claim
from worker.context import WorkerContext
from worker.errors import ClaimLost

log = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class LeaseRenewer:
    """Renew the lease until the block ends; ``check`` raises ``ClaimLost`` if that fails."""

    def __init__(self, context: WorkerContext, claim: Claim) -> None:
        self._context, self._claim = context, claim
        self.interval_s = context.lease.total_seconds() / RENEWALS_PER_LEASE
        self.due_at = time.monotonic() + self.interval_s
        self._lost, self._ended = False, False
        self._renewing = threading.Lock()

    def __enter__(self) -> LeaseRenewer:
        _schedule.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _schedule.remove(self)
        with self._renewing:  # a renewal that has begun ends before the block
            self._ended = True

    def check(self) -> None:
        """Raise ``ClaimLost`` if the job was cancelled or claimed by another worker."""
        if self._lost:
            raise ClaimLost(self._claim.registration_id)

    def renew(self) -> None:
        """Extend the lease, and plan the next renewal."""
        with self._renewing:
            self.due_at = time.monotonic() + self.interval_s
            if self._ended or self._lost:
                return
            try:
                self._lost = not self._renew()
            except SQLAlchemyError as error:  # the next attempt may still be in time
                log.warning("the lease of %s was not renewed: %s", self._claim.registration_id, error)

    def _renew(self) -> bool:
        with self._context.database.writing_relaxed() as session:
            heartbeats.record(session, "worker", self._context.name)
            return claims.renew(session, self._claim, self._context.lease)


class _Schedule:
    """A thread of this process that renews leases when they are due.

    A thread for each job would cost half a millisecond of it. This one is woken only where a new lease is due
    before its next look; that is the first one, since all leases have the same duration.
    """

    def __init__(self) -> None:
        self._held: set[LeaseRenewer] = set()
        self._changed = threading.Condition()
        self._looks_at: float | None = None  # None: no thread

    def add(self, lease: LeaseRenewer) -> None:
        """Renew this lease until it is removed."""
        with self._changed:
            self._held.add(lease)
            if self._looks_at is None:
                self._looks_at = lease.due_at
                threading.Thread(target=self._run, name="leases", daemon=True).start()
            elif lease.due_at < self._looks_at:
                self._changed.notify()

    def remove(self, lease: LeaseRenewer) -> None:
        """Renew this lease no more."""
        with self._changed:
            self._held.discard(lease)

    def _run(self) -> None:
        pause_s = 0.0
        while True:
            with self._changed:
                now = time.monotonic()
                pause_s = min((lease.interval_s for lease in self._held), default=pause_s)
                self._looks_at = min((lease.due_at for lease in self._held), default=now + pause_s)
                self._changed.wait(max(0.0, self._looks_at - now))
                due = [lease for lease in self._held if lease.due_at <= time.monotonic()]
            for lease in due:
                lease.renew()


_schedule = _Schedule()
