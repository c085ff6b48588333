"""Rows of uploaded images."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db import audit, pending_objects
from db.errors import ImageInUse, ImageNotFound
from db.rows import IMAGES_OF_A_JOB, ImageRow, LabelRow, RegistrationRow, SeriesRow
from db.types import is_valid_id

IDS_PER_QUERY = 500


def add(session: Session, row: ImageRow, actor: str) -> None:
    """Add an image whose bytes are in the store."""
    session.add(row)
    pending_objects.commit(session, row.store_key)
    audit.record(
        session,
        "image.uploaded",
        actor=actor,
        image=row.id,
        sha256=row.sha256,
        pixels_sha256=row.pixels_sha256,
        size_bytes=row.size_bytes,
    )


def get(session: Session, image_id: str, owner: str | None = None) -> ImageRow:
    """Return the image with this id.

    Raises:
        ImageNotFound: there is no such image, or it belongs to another owner.
    """
    row = session.get(ImageRow, image_id) if is_valid_id(image_id) else None
    if row is None or owner not in (None, row.owner):
        raise ImageNotFound(f"there is no image {image_id}; upload it first")
    return row


def by_id(session: Session, image_ids: Iterable[str], owner: str) -> dict[str, ImageRow]:
    """Return these images of the owner, by id.

    Raises:
        ImageNotFound: one does not exist or belongs to another owner.
    """
    wanted = sorted(set(image_ids))
    found: dict[str, ImageRow] = {}
    for start in range(0, len(wanted), IDS_PER_QUERY):
        ids = [image_id for image_id in wanted[start : start + IDS_PER_QUERY] if is_valid_id(image_id)]
        rows = session.scalars(select(ImageRow).where(ImageRow.id.in_(ids), ImageRow.owner == owner))
        found |= {row.id: row for row in rows}
    if missing := [image_id for image_id in wanted if image_id not in found]:
        others = f" (and {len(missing) - 1} more are missing)" if missing[1:] else ""
        raise ImageNotFound(f"there is no image {missing[0]}{others}; upload it first")
    return found


def describe(session: Session, row: ImageRow, modality: str | None, actor: str) -> None:
    """Set the modality of an image."""
    audit.record(session, "image.described", actor=actor, image=row.id, modality=modality, was=row.modality)
    row.modality = modality


def rename(session: Session, row: ImageRow, name: str, actor: str) -> None:
    """Set the name of an image; registrations show it, stored results keep the name of their time."""
    audit.record(session, "image.renamed", actor=actor, image=row.id, name=name, was=row.name)
    row.name = name


def delete(session: Session, row: ImageRow, keys: Iterable[str], actor: str) -> None:
    """Delete an image that no registration and no series uses, with its labels; its objects follow later.

    Raises:
        ImageInUse: a registration or a series uses it.
    """
    used = or_(*(getattr(RegistrationRow, name) == row.id for name in IMAGES_OF_A_JOB))
    count = session.scalar(select(func.count()).select_from(RegistrationRow).where(used)) or 0
    referring = select(func.count()).where(SeriesRow.reference_image_id == row.id)
    if series := session.scalar(referring) or 0:
        raise ImageInUse(f"{row.name} is the reference of {series} series, which would lose their image")
    if count:
        raise ImageInUse(f"{row.name} belongs to {count} registrations, which would lose their image")
    for key in keys:
        pending_objects.discard(session, key)
    labeled = or_(LabelRow.fixed_image_id == row.id, LabelRow.moving_image_id == row.id)
    session.execute(sql_delete(LabelRow).where(labeled))
    session.delete(row)
    audit.record(session, "image.deleted", actor=actor, image=row.id, sha256=row.sha256)
