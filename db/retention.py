"""Retention: expired registrations and images are deleted, the audit log never is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from db import audit, labels, pending_objects
from db.engine import affected_rows
from db.rows import (
    IMAGES_OF_A_JOB,
    ComparisonRow,
    CorrectionRow,
    DeliveryRow,
    DriftSampleRow,
    EventRow,
    ImageRow,
    LabelRow,
    RegistrationRow,
    ResultRow,
    ReviewRow,
    SeriesRow,
    TagRow,
)

ROWS_PER_PASS = 100


def expired_registrations(session: Session, before: datetime) -> list[RegistrationRow]:
    """Return registrations that ended before this time, oldest first."""
    query = select(RegistrationRow).where(RegistrationRow.finished_at < before)
    return list(session.scalars(query.order_by(RegistrationRow.created_at).limit(ROWS_PER_PASS)))


def expired_images(session: Session, before: datetime) -> list[ImageRow]:
    """Return images that were uploaded before this time and that nothing uses, oldest first."""
    used = or_(*(getattr(RegistrationRow, name) == ImageRow.id for name in IMAGES_OF_A_JOB))
    referred = exists().where(SeriesRow.reference_image_id == ImageRow.id)
    query = select(ImageRow).where(ImageRow.created_at < before, ~exists().where(used), ~referred)
    return list(session.scalars(query.order_by(ImageRow.created_at).limit(ROWS_PER_PASS)))


def delete_row(session: Session, row: RegistrationRow | ImageRow, keys: Iterable[str]) -> None:
    """Delete the row; its objects are deleted later, so that no row refers to a missing object."""
    for key in keys:
        pending_objects.discard(session, key)
    if isinstance(row, RegistrationRow):
        made_of_it = (EventRow, LabelRow, ComparisonRow, DriftSampleRow)
        for child in (ResultRow, CorrectionRow, ReviewRow, TagRow, *made_of_it):
            session.execute(delete(child).where(child.registration_id == row.id))
        deleted = affected_rows(session, delete(RegistrationRow).where(RegistrationRow.id == row.id))
        event, subject = "registration.expired", {"registration": row.id}
    else:
        labels.delete_of(session, image=row.id)
        deleted = affected_rows(session, delete(ImageRow).where(ImageRow.id == row.id))
        event, subject = "image.expired", {"image": row.id}
    if deleted:  # otherwise another relay has deleted the row
        audit.record(session, event, actor="relay", **subject)


def delete_deliveries(session: Session, before: datetime) -> None:
    """Delete webhook deliveries that are complete (delivered or given up) and older than this time."""
    complete = (DeliveryRow.due_at.is_(None), DeliveryRow.created_at < before)
    session.execute(delete(DeliveryRow).where(*complete))
