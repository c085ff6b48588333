"""The account of a storm: what became of every accepted job, from rows and audit log."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from storm_clients import CANCELLED, GOOD, INVALID

from db import audit
from db.rows import FINAL_STATES, AuditRow, RegistrationRow, ResultRow

FINAL_EVENTS = [f"registration.{state}" for state in FINAL_STATES]
RIGHT = {  # how a job of each kind may end
    GOOD: {("succeeded", None)},
    INVALID: {("failed", "input")},
    CANCELLED: {("cancelled", None), ("succeeded", None)},
}


def tally(session: Session, accepted: dict[str, str]) -> dict[str, int]:
    """Return the numbers of jobs that were lost, doubled or ended wrongly, and the faults of the audit log.

    ``accepted`` has the kind of each accepted job by its id.
    """
    rows = {row.id: row for row in session.scalars(select(RegistrationRow))}
    results = _count(session, select(ResultRow.registration_id))
    ends = Counter(_subjects(session))
    ended = {id: row for id, row in rows.items() if row.state in FINAL_STATES}
    wrong = [id for id in ended if id in accepted and _end(ended[id]) not in RIGHT[accepted[id]]]
    return {
        "accepted": len(accepted),
        "lost": len(set(accepted) - set(ended)),
        "doubled": sum(results[id] > 1 or ends[id] > 1 for id in rows),
        "created twice": len(set(rows) - set(accepted)),
        "failed wrongly": sum(rows[id].state == "failed" for id in wrong),
        "ended wrongly": len(wrong),
        "ends without an audit entry": sum(ends[id] == 0 for id in ended),
        "faults of the audit log": len(audit.verify(session)),
    }


def attempts(session: Session) -> dict[str, int]:
    """Return how many attempts ended without a result, by cause."""
    columns = ("lost_workers", "outages", "system_faults")
    sought = {f"{name}, all": func.sum(getattr(RegistrationRow, name)) for name in columns}
    sought |= {f"{name}, most of one job": func.max(getattr(RegistrationRow, name)) for name in columns}
    counts = [value or 0 for value in session.execute(select(*sought.values())).one()]
    return dict(zip(sought, counts, strict=True))


def _end(row: RegistrationRow) -> tuple[str, str | None]:
    return row.state, row.fault


def _subjects(session: Session) -> list[str]:
    """Return the registrations of all final audit entries."""
    query = select(AuditRow.payload).where(AuditRow.event.in_(FINAL_EVENTS))
    return [json.loads(payload)["registration"] for payload in session.scalars(query)]


def _count(session: Session, query) -> Counter:
    return Counter(session.scalars(query))
