"""Comparison of the stored results and frames with those that the audit log has recorded."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import AuditRow, ResultRow, SeriesFrameRow

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


class RecordedFrames:
    """The hashes of the chunks of frames in the audit entries, of series that exist."""

    def __init__(self) -> None:
        self._hashes: dict[str, dict[int, bytes]] = {}

    def read(self, entry: AuditRow) -> None:
        """Take the frames of an entry; the entries come in order."""
        if entry.event == "series.frames":
            payload = json.loads(entry.payload)
            chunks = self._hashes.setdefault(payload["series"], {})
            chunks[payload["chunk"]] = _digest(payload["frames"])
        elif entry.event in ("series.deleted", "series.expired"):
            self._hashes.pop(json.loads(entry.payload)["series"], None)

    def faults(self, session: Session) -> list[str]:
        """Return a message for each chunk whose stored frames are altered or missing."""
        return [
            f"frames {chunk} of series {series} were altered or are missing"
            for series, chunks in self._hashes.items()
            for chunk, recorded in chunks.items()
            if _digest(_stored(session, series, chunk)) != recorded
        ]


def recorded_frame(row: SeriesFrameRow) -> dict[str, Any]:
    """Return what the audit log holds of a frame."""
    return {"number": row.number, "sha256": row.sha256, "position": row.body}


def _stored(session: Session, series: str, chunk: int) -> list[dict[str, Any]]:
    query = select(SeriesFrameRow).where(SeriesFrameRow.series_id == series, SeriesFrameRow.chunk == chunk)
    return [recorded_frame(row) for row in session.scalars(query.order_by(SeriesFrameRow.number))]


def _digest(result: Any) -> bytes:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).digest()
