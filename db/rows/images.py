"""Uploaded images and objects being written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import LOCAL, Row


class ImageRow(Row):
    """An uploaded image; its file is in the image store, unchanged."""

    __tablename__ = "images"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "owner", "created_at", "id"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(default=LOCAL, server_default=LOCAL)
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    height: Mapped[int]
    width: Mapped[int]
    channels: Mapped[int]
    dtype: Mapped[str]
    pixel_spacing_um: Mapped[float | None]
    spacing_source: Mapped[str | None]
    modality: Mapped[str | None] = mapped_column(String(40))
    contents: Mapped[dict[str, Any] | None]  # what the file holds, as xebra.inspect lists it
    store_key: Mapped[str]
    pixels_sha256: Mapped[str | None] = mapped_column(String(64))  # of the object under ``pixels_key``
    created_at: Mapped[datetime]

    @property
    def pixels_key(self) -> str:
        """Return the key of the decoded image, which is kept for some time after the upload."""
        return f"images/{self.id}/pixels"


class PendingObjectRow(Row):
    """An object of the image store that is being written, or whose writer was killed."""

    __tablename__ = "pending_objects"
    __table_args__ = (Index(None, "created_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
