"""Manual corrections of a registration's transform; all are kept, the newest one applies."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, clock, jobs
from db.errors import CorrectionNotFound
from db.rows import CorrectionRow, RegistrationRow

LATEST, PREDICTED = "latest", "predicted"


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


def applied(row: RegistrationRow, wanted: str | None = None) -> CorrectionRow | None:
    """Return the correction of a loaded registration that counts; None: the prediction does.

    ``wanted`` is the id of a correction, ``latest``, ``predicted``, or None for the newest one, if any.

    Raises:
        CorrectionNotFound: the registration has no such correction.
    """
    newest = row.corrections[-1] if row.corrections else None
    if wanted is None or wanted == PREDICTED:
        return newest if wanted is None else None
    found = newest if wanted == LATEST else next((c for c in row.corrections if c.id == wanted), None)
    if found is None:
        raise CorrectionNotFound(f"registration {row.id} has no correction {wanted}")
    return found
