"""Comparison of the stored results with those that the audit log has recorded."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import AuditRow, ResultRow

ROWS_AT_ONCE = 1000


class RecordedResults:
    """The hashes of the results in the audit entries, of registrations that have not expired."""

    def __init__(self) -> None:
        self._hashes: dict[str, bytes] = {}

    def read(self, entry: AuditRow) -> None:
        """Take the result of an entry; the entries come in order."""
        if entry.event == "registration.succeeded":
            payload = json.loads(entry.payload)
            self._hashes[payload["registration"]] = _digest(payload["result"])
        elif entry.event == "registration.expired":
            self._hashes.pop(json.loads(entry.payload)["registration"], None)

    def faults(self, session: Session) -> list[str]:
        """Return a message for each stored result that is altered, missing or not recorded."""
        faults = []
        for row in session.scalars(select(ResultRow).execution_options(yield_per=ROWS_AT_ONCE)):
            recorded = self._hashes.pop(row.registration_id, None)
            if recorded is None:
                faults.append(f"the result of registration {row.registration_id} has no audit entry")
            elif recorded != _digest(row.body):
                faults.append(f"the result of registration {row.registration_id} was altered")
        return faults + [f"the result of registration {missing} is missing" for missing in self._hashes]


def _digest(result: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).digest()
