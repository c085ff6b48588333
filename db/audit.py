"""The audit log: append-only entries, each chained to the previous one by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, insert, select, text
from sqlalchemy.orm import Session

from db.audit_results import RecordedFrames, RecordedResults
from db.rows import AuditRow, EventRow
from db.types import utc_now

GENESIS_HASH = "0" * 64
HASHED = ("seq", "at", "actor", "event", "payload", "previous_hash")
MAX_EVENTS = 1 << 20  # of an entry, which may cover all jobs of a batch
LOCK = 0x6175646974  # "audit", as a key of PostgreSQL's advisory locks

_LAST = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_INSERT = insert(AuditRow.__table__)  # type: ignore[arg-type]
_INSERT_EVENTS = insert(EventRow.__table__)  # type: ignore[arg-type]
_ARGUMENTS = ("at", "actor", "event", "payload", "head", "changes")
_APPEND = text(  # migration 0020: PostgreSQL locks the chain, hashes and inserts in one round trip
    "SELECT seq, previous_hash, hash FROM audit_append(:at, :actor, :event, :payload, :head, :changes)"
).bindparams(*(bindparam(name, type_=Text) for name in _ARGUMENTS))


def record(session: Session, event: str, *, actor: str, **payload: Any) -> AuditRow:
    """Append one entry to the chain in the caller's transaction and return it.

    Call it last in a transaction: on PostgreSQL the lock of the chain is held until the commit.
    """
    return append(session, event, actor, payload)


def append(
    session: Session,
    event: str,
    actor: str,
    payload: dict[str, Any],
    changes: Sequence[dict[str, Any]] = (),
) -> AuditRow:
    """Append one entry as ``record`` does, and rows of events, whose numbers follow from its own."""
    entry = AuditRow(at=utc_now().isoformat(timespec="microseconds"), actor=actor, event=event)
    entry.payload = canonical(payload)  # of a batch a megabyte: before the lock
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return _append(connection, entry, changes)
    last = connection.execute(_LAST).first()  # SQLite has a single writer
    entry.seq, entry.previous_hash = (last.seq + 1, last.hash) if last else (1, GENESIS_HASH)
    entry.hash = digest(entry)
    connection.execute(_INSERT, {name: getattr(entry, name) for name in (*HASHED, "hash")})
    if changes:
        connection.execute(_INSERT_EVENTS, numbered(entry, changes))
    return entry


def _append(connection: Connection, entry: AuditRow, changes: Sequence[dict[str, Any]]) -> AuditRow:
    """Append an entry to the chain of PostgreSQL, with its events; set its number and hashes."""
    fields = {name: getattr(entry, name) for name in ("at", "actor", "event", "payload")}
    head = f'{canonical(fields)[:-1]},"previous_hash":"'  # number and previous hash follow in this order
    events = canonical([change | {"at": change["at"].isoformat()} for change in changes]) if changes else None
    found = connection.execute(_APPEND, fields | {"head": head, "changes": events}).one()
    entry.seq, entry.previous_hash, entry.hash = found
    return entry


def numbered(entry: AuditRow, changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of events with their numbers, which ascend with those of the entries."""
    first = entry.seq * MAX_EVENTS
    return [{"seq": first + number, **change} for number, change in enumerate(changes)]


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
