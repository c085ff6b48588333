"""Regular signatures of the audit log's head, in the image store and in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from db import audit_heads
from db.engine import Database
from db.store import ImageStore

log = logging.getLogger(__name__)

INTERVAL_S = 600.0


class AuditSigner:
    """A task of the relay: sign the head if it has changed, every ten minutes."""

    def __init__(self, database: Database, open_store: Callable[[], ImageStore], key_file: Path) -> None:
        self.database, self._open_store, self.key_file = database, open_store, key_file
        self._last_seq, self._due_at = 0, 0.0

    def sign(self) -> int:
        """Sign the head if that is due; return the number of signatures."""
        if time.monotonic() < self._due_at:
            return 0
        with self.database.reading() as session:
            head = audit_heads.sign(session, audit_heads.load_or_create_key(self.key_file))
        if head is None or head["seq"] == self._last_seq:
            return 0
        audit_heads.put(self._open_store(), head)
        log.info("audit head %s", " ".join(f"{name}={value}" for name, value in head.items()))
        self._last_seq, self._due_at = head["seq"], time.monotonic() + INTERVAL_S
        return 1
