"""Who may do what: instruments, their API keys, and the sessions of people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row


class InstrumentRow(Row):
    """Whoever owns images and jobs; what is empty has no default, or no limit."""

    __tablename__ = "instruments"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    pixel_spacing_um: Mapped[float | None]
    modality: Mapped[str | None] = mapped_column(String(40))
    network: Mapped[str | None]
    review_beyond_px: Mapped[float | None]
    refuse_beyond_px: Mapped[float | None]
    most_waiting: Mapped[int | None]
    most_bytes: Mapped[int | None] = mapped_column(BigInteger)
    requests_per_minute: Mapped[int | None]
    created_at: Mapped[datetime]


class KeyRow(Row):
    """An API key: what it may, and the hash by which it is known."""

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
    """One of the keys that a person's cookie stands for; the one chosen last is meant."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "expires_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), ForeignKey("api_keys.id"), primary_key=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    chosen_at: Mapped[datetime]
