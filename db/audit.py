"""The audit log: append-only entries, each chained to the previous one by its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from db.audit_results import RecordedResults
from db.engine import is_postgresql
from db.rows import AuditRow
from db.types import utc_now

GENESIS_HASH = "0" * 64
HASHED = ("seq", "at", "actor", "event", "payload", "previous_hash")
LOCK = 0x6175646974  # "audit", as a key of PostgreSQL's advisory locks

_LAST = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_INSERT = insert(AuditRow.__table__)  # type: ignore[arg-type]
_LOCK = text(f"SELECT pg_advisory_xact_lock({LOCK})")


def record(session: Session, event: str, *, actor: str, **payload: Any) -> AuditRow:
    """Append one entry to the chain in the caller's transaction and return it.

    Call it last in a transaction: on PostgreSQL the lock of the chain is held until the commit.
    """
    session.flush()
    if is_postgresql(session):  # SQLite has a single writer
        session.execute(_LOCK)
    connection = session.connection()
    last = connection.execute(_LAST).first()
    entry = AuditRow(
        seq=last.seq + 1 if last else 1,
        at=utc_now().isoformat(timespec="microseconds"),
        actor=actor,
        event=event,
        payload=canonical(payload),
        previous_hash=last.hash if last else GENESIS_HASH,
    )
    entry.hash = digest(entry)
    connection.execute(_INSERT, {name: getattr(entry, name) for name in (*HASHED, "hash")})
    return entry


def verify(session: Session) -> list[str]:
    """Return one message for each altered, missing or misplaced entry, and for each result that differs."""
    faults: list[str] = []
    results = RecordedResults()
    expected_seq, expected_previous = 1, GENESIS_HASH
    for entry in session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1000)):
        if entry.seq != expected_seq:
            faults.append(f"entries {expected_seq} to {entry.seq - 1} are missing")
        elif entry.previous_hash != expected_previous:
            faults.append(f"entry {entry.seq} does not follow the previous entry")
        if entry.hash != digest(entry):
            faults.append(f"entry {entry.seq} was altered")
        expected_seq, expected_previous = entry.seq + 1, entry.hash
        results.read(entry)
    return faults + results.faults(session)


def digest(entry: AuditRow) -> str:
    """Return the SHA-256 of all fields of an entry, the previous hash included."""
    fields = {name: getattr(entry, name) for name in HASHED}
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return JSON text that is equal for equal content.

    Raises:
        ValueError: the value contains NaN or infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
