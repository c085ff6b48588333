"""The audit log and the heartbeats of the processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row


class AuditRow(Row):
    """One entry, chained to the previous one by its hash; triggers reject updates and deletions."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str]
    event: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class HeartbeatRow(Row):
    """The last time at which a relay reached the broker, or a worker consumed a message."""

    __tablename__ = "heartbeats"
    __table_args__ = (Index(None, "role", "seen_at"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    seen_at: Mapped[datetime]
