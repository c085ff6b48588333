"""The audit: who did what when, append-only, each entry chained to the one before by hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.rows import AuditRow
from db.types import utc_now

BEFORE_THE_FIRST = "0" * 64
HASHED = ("seq", "at", "actor", "event", "payload", "previous_hash")
LOCK = 0x6175646974  # "audit", in PostgreSQL's space of advisory locks

_LAST = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)


def record(session: Session, event: str, *, actor: str, **payload: Any) -> AuditRow:
    """Append one event to the chain, in the caller's transaction.

    Call it last in a transaction: on PostgreSQL it holds the chain's lock until the commit.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":  # SQLite's writers are alone already
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last = session.execute(_LAST).first()
    entry = AuditRow(
        seq=last.seq + 1 if last else 1,
        at=utc_now().isoformat(timespec="microseconds"),
        actor=actor,
        event=event,
        payload=canonical(payload),
        previous_hash=last.hash if last else BEFORE_THE_FIRST,
    )
    entry.hash = digest(entry)
    session.add(entry)
    session.flush()
    return entry


def verify(session: Session) -> list[str]:
    """Read the whole chain; one sentence for each entry that is altered, missing or out of place."""
    faults, expected_seq, expected_previous = [], 1, BEFORE_THE_FIRST
    for entry in session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1000)):
        if entry.seq != expected_seq:
            faults.append(f"entries {expected_seq} to {entry.seq - 1} are missing")
        elif entry.previous_hash != expected_previous:
            faults.append(f"entry {entry.seq} does not follow the one before it")
        if entry.hash != digest(entry):
            faults.append(f"entry {entry.seq} was altered")
        expected_seq, expected_previous = entry.seq + 1, entry.hash
    return faults


def digest(entry: AuditRow) -> str:
    """SHA-256 over everything that the entry says, the hash before it included."""
    said = {name: getattr(entry, name) for name in HASHED}
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON that is the same text for the same content; refuses NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
