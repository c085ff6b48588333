"""Uploaded images: rows and where their bytes lie."""

from __future__ import annotations

from sqlalchemy.orm import Session

from db import audit, unsettled
from db.errors import ImageNotFound
from db.rows import ImageRow
from db.types import can_be_one


def add(session: Session, row: ImageRow, actor: str) -> None:
    """Remember an upload whose bytes are in the store already."""
    session.add(row)
    unsettled.settle(session, row.store_key)
    audit.record(
        session, "image.uploaded", actor=actor, image=row.id, sha256=row.sha256, size_bytes=row.size_bytes
    )


def get(session: Session, image_id: str, owner: str | None = None) -> ImageRow:
    """The image of this id; another's is missed like one that never was. Raises ``ImageNotFound``."""
    row = session.get(ImageRow, image_id) if can_be_one(image_id) else None
    if row is None or owner not in (None, row.owner):
        raise ImageNotFound(f"there is no image {image_id}; upload it first")
    return row


def describe(session: Session, row: ImageRow, modality: str | None, actor: str) -> None:
    """What the image shows, as somebody says who knows; nothing else of an image ever changes."""
    audit.record(session, "image.described", actor=actor, image=row.id, modality=modality, was=row.modality)
    row.modality = modality
