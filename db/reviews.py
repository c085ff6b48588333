"""Decisions of people on the position of a registration; all are kept, the newest one applies."""

from __future__ import annotations

import uuid

from sqlalchemy import ScalarSelect, exists, select
from sqlalchemy.orm import Session

from db import audit, clock, jobs
from db.rows import CorrectionRow, RegistrationRow, ReviewRow

WITHDRAW = "withdraw"


def add(
    session: Session,
    registration_id: str,
    decision: str,
    note: str | None,
    *,
    actor: str,
    owner: str | None = None,
) -> ReviewRow:
    """Store a decision (``accept``, ``reject`` or ``withdraw``) with its author and time.

    Raises:
        RegistrationNotFound: there is no such registration of this owner.
    """
    jobs.get(session, registration_id, owner)
    row = ReviewRow(id=str(uuid.uuid4()), registration_id=registration_id, decision=decision, note=note)
    row.actor, row.created_at = actor, clock.now(session)
    session.add(row)
    payload = {"review": row.id, "decision": decision, "note": note}
    audit.record(session, "registration.reviewed", actor=actor, registration=registration_id, **payload)
    return row


def applied(row: RegistrationRow) -> ReviewRow | None:
    """Return the decision that counts, of a loaded registration.

    A decision is on one position: a correction that is newer makes it void.
    """
    newest = row.reviews[-1] if row.reviews else None
    if newest is None or newest.decision == WITHDRAW:
        return None
    corrected_at = row.corrections[-1].created_at if row.corrections else None
    return newest if corrected_at is None or corrected_at <= newest.created_at else None


def latest_decision() -> ScalarSelect[str]:
    """Return the decision that counts of each registration of a query, as a correlated subquery."""
    same = CorrectionRow.registration_id == RegistrationRow.id
    void = exists().where(same, CorrectionRow.created_at > ReviewRow.created_at)
    newest = select(ReviewRow.decision).where(ReviewRow.registration_id == RegistrationRow.id, ~void)
    return newest.order_by(ReviewRow.created_at.desc(), ReviewRow.id.desc()).limit(1).scalar_subquery()
