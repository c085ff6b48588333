"""The audit log: append-only entries, each chained to the previous one by its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from db.audit_results import RecordedFrames, RecordedResults
from db.rows import AuditRow
from db.types import utc_now

GENESIS_HASH = "0" * 64
HASHED = ("seq", "at", "actor", "event", "payload", "previous_hash")
LOCK = 0x6175646974  # "audit", as a key of PostgreSQL's advisory locks

_LAST = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_INSERT = insert(AuditRow.__table__)  # type: ignore[arg-type]
_LOCK_AND_LAST = (  # two statements: the second one sees what was committed while the first one waited
    f"SELECT pg_advisory_xact_lock({LOCK}); SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
)


def record(session: Session, event: str, *, actor: str, **payload: Any) -> AuditRow:
    """Append one entry to the chain in the caller's transaction and return it.

    Call it last in a transaction: on PostgreSQL the lock of the chain is held until the commit.
    """
    text = canonical(payload)  # of a batch a megabyte: before the lock
    session.flush()
    connection = session.connection()
    seq, previous_hash = _lock_and_last(connection) or (0, GENESIS_HASH)
    entry = AuditRow(
        seq=seq + 1,
        at=utc_now().isoformat(timespec="microseconds"),
        actor=actor,
        event=event,
        payload=text,
        previous_hash=previous_hash,
    )
    entry.hash = digest(entry)
    connection.execute(_INSERT, {name: getattr(entry, name) for name in (*HASHED, "hash")})
    return entry


def _lock_and_last(connection: Connection) -> tuple[int, str] | None:
    """Lock the chain until the commit; return number and hash of its last entry, None if it has none."""
    if connection.dialect.name != "postgresql":  # SQLite has a single writer
        last = connection.execute(_LAST).first()
        return None if last is None else (last.seq, last.hash)
    with connection.exec_driver_sql(_LOCK_AND_LAST) as result:
        cursor: Any = result.cursor
        cursor.nextset()
        return cast("tuple[int, str] | None", cursor.fetchone())


def verify(session: Session) -> list[str]:
    """Return one message for each altered, missing or misplaced entry, and for each result that differs."""
    faults: list[str] = []
    results, frames = RecordedResults(), RecordedFrames()
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
        frames.read(entry)
    return faults + results.faults(session) + frames.faults(session)


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
