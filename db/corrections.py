"""Transforms set by hand, beside what the network found; each stays, the newest counts."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, jobs
from db.errors import CorrectionNotFound
from db.rows import CorrectionRow
from db.types import utc_now

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
    """Remember who set what, and when; raises ``RegistrationNotFound``."""
    jobs.get(session, registration_id, owner)
    row = CorrectionRow(
        id=str(uuid.uuid4()), registration_id=registration_id, fixed_from_moving=fixed_from_moving
    )
    row.note, row.actor, row.created_at = note, actor, utc_now()
    session.add(row)
    said = {"correction": row.id, "fixed_from_moving": fixed_from_moving, "note": note}
    audit.record(session, "registration.corrected", actor=actor, registration=registration_id, **said)
    return row


def of(session: Session, registration_id: str) -> list[CorrectionRow]:
    """All corrections of a registration, oldest first."""
    query = select(CorrectionRow).where(CorrectionRow.registration_id == registration_id)
    return list(session.scalars(query.order_by(CorrectionRow.created_at, CorrectionRow.id)))


def get(session: Session, registration_id: str, which: str) -> CorrectionRow:
    """The correction of this id, or the latest; raises ``CorrectionNotFound``."""
    known = of(session, registration_id)
    found = known[-1:] if which == LATEST else [row for row in known if row.id == which]
    if not found:
        raise CorrectionNotFound(f"registration {registration_id} has no correction {which}")
    return found[0]
