"""Manual corrections of a registration's transform; all are kept, the newest one applies."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, clock, jobs
from db.errors import CorrectionNotFound
from db.rows import CorrectionRow

LATEST = "latest"


def add(
    session: Session,
    registration_id: str,
    fixed_from_moving: list[list[float]],
    note: str | None,
    *,
    actor: str,
    owner: str | None = None,
) -> CorrectionRow:
    """Store a correction with its author and time.

    Raises:
        RegistrationNotFound: there is no such registration of this owner.
    """
    jobs.get(session, registration_id, owner)
    row = CorrectionRow(
        id=str(uuid.uuid4()), registration_id=registration_id, fixed_from_moving=fixed_from_moving
    )
    row.note, row.actor, row.created_at = note, actor, clock.now(session)
    session.add(row)
    payload = {"correction": row.id, "fixed_from_moving": fixed_from_moving, "note": note}
    audit.record(session, "registration.corrected", actor=actor, registration=registration_id, **payload)
    return row


def list_for(session: Session, registration_id: str) -> list[CorrectionRow]:
    """Return all corrections of a registration, oldest first."""
    query = select(CorrectionRow).where(CorrectionRow.registration_id == registration_id)
    return list(session.scalars(query.order_by(CorrectionRow.created_at, CorrectionRow.id)))


def get(session: Session, registration_id: str, correction_id: str) -> CorrectionRow:
    """Return the correction with this id, or the newest one for ``latest``.

    Raises:
        CorrectionNotFound: the registration has no such correction.
    """
    rows = list_for(session, registration_id)
    found = rows[-1:] if correction_id == LATEST else [row for row in rows if row.id == correction_id]
    if not found:
        raise CorrectionNotFound(f"registration {registration_id} has no correction {correction_id}")
    return found[0]
