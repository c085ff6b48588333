"""Rows of uploaded images."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, pending_objects
from db.errors import ImageNotFound
from db.rows import ImageRow
from db.types import is_valid_id

IDS_PER_QUERY = 500


def add(session: Session, row: ImageRow, actor: str) -> None:
    """Add an image whose bytes are in the store."""
    session.add(row)
    pending_objects.commit(session, row.store_key)
    audit.record(
        session, "image.uploaded", actor=actor, image=row.id, sha256=row.sha256, size_bytes=row.size_bytes
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


def sizes(session: Session, image_ids: Collection[str], owner: str) -> set[tuple[int, int]]:
    """Return the different sizes (height, width) of an owner's images; unknown ids are ignored."""
    found: set[tuple[int, int]] = set()
    ordered = sorted(image_ids)
    for start in range(0, len(ordered), IDS_PER_QUERY):
        ids = ordered[start : start + IDS_PER_QUERY]
        query = select(ImageRow.height, ImageRow.width).where(ImageRow.id.in_(ids), ImageRow.owner == owner)
        found |= {(height, width) for height, width in session.execute(query.distinct())}
    return found


def describe(session: Session, row: ImageRow, modality: str | None, actor: str) -> None:
    """Set the modality of an image, its only mutable field."""
    audit.record(session, "image.described", actor=actor, image=row.id, modality=modality, was=row.modality)
    row.modality = modality
