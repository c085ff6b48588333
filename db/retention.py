"""What is old enough to be forgotten: results and uploads, never the audit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from db import audit, unsettled
from db.rows import CorrectionRow, DeliveryRow, EventRow, ImageRow, RegistrationRow, ResultRow

AT_A_TIME = 100


def registrations(session: Session, before: datetime) -> list[RegistrationRow]:
    """Those that ended before."""
    query = select(RegistrationRow).where(RegistrationRow.finished_at < before)
    return list(session.scalars(query.order_by(RegistrationRow.created_at).limit(AT_A_TIME)))


def images(session: Session, before: datetime) -> list[ImageRow]:
    """Those that were uploaded before and belong to no registration any more."""
    used = or_(RegistrationRow.fixed_image_id == ImageRow.id, RegistrationRow.moving_image_id == ImageRow.id)
    query = select(ImageRow).where(ImageRow.created_at < before, ~exists().where(used))
    return list(session.scalars(query.order_by(ImageRow.created_at).limit(AT_A_TIME)))


def forget(session: Session, row: RegistrationRow | ImageRow, keys: Iterable[str]) -> None:
    """Remove the row; its objects are removed after it, so that no row ever points at nothing."""
    for key in keys:
        unsettled.leave(session, key)
    if isinstance(row, RegistrationRow):
        for of in (ResultRow, CorrectionRow, EventRow):
            session.execute(delete(of).where(of.registration_id == row.id))
        gone = session.execute(delete(RegistrationRow).where(RegistrationRow.id == row.id))
        event, about = "registration.expired", {"registration": row.id}
    else:
        gone = session.execute(delete(ImageRow).where(ImageRow.id == row.id))
        event, about = "image.expired", {"image": row.id}
    if gone.rowcount:  # else another relay was faster
        audit.record(session, event, actor="relay", **about)


def forget_deliveries(session: Session, before: datetime) -> None:
    """What webhooks were told, or could not be told, before."""
    over = (DeliveryRow.due_at.is_(None), DeliveryRow.created_at < before)
    session.execute(delete(DeliveryRow).where(*over))
