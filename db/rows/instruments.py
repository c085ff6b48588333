"""Instruments, their API keys, and browser sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row


class InstrumentRow(Row):
    """An owner of images and jobs; an empty column means no default or no limit."""

    __tablename__ = "instruments"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    pixel_spacing_um: Mapped[float | None]
    modality: Mapped[str | None] = mapped_column(String(40))
    network: Mapped[str | None]
    review_beyond_px: Mapped[float | None]
    refuse_beyond_px: Mapped[float | None]
    max_queued_jobs: Mapped[int | None]
    max_stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    requests_per_minute: Mapped[int | None]
    created_at: Mapped[datetime]


class KeyRow(Row):
    """An API key: its scopes and the hash of its text."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "instrument"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    instrument: Mapped[str] = mapped_column(ForeignKey("instruments.name"))
    name: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SessionRow(Row):
    """One API key of a browser session; the key selected last is active."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "expires_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), ForeignKey("api_keys.id"), primary_key=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    selected_at: Mapped[datetime]
