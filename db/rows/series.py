"""Series of frames whose positions are found as they are appended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row


class SeriesRow(Row):
    """A series and the counts of its frames; frames are appended while it is ``recording``."""

    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint("state IN ('recording', 'finished')", name="state_known"),
        Index(None, "owner", "created_at", "id"),
        Index(None, "state", "last_frame_at"),
        Index(None, "finished_at"),
        Index(None, "reference_image_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str]
    actor: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(16))
    reference_image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    reference_channel: Mapped[str | None] = mapped_column(String(200))
    reference_frame: Mapped[int | None]
    stale_after_s: Mapped[float | None]  # None: no frame is dropped
    deadline_ms: Mapped[int]
    frames: Mapped[int] = mapped_column(server_default="0")  # those without a fit and dropped included
    fitting: Mapped[int] = mapped_column(server_default="0")
    dropped: Mapped[int] = mapped_column(server_default="0")
    last_number: Mapped[int] = mapped_column(server_default="-1")
    chunks: Mapped[int] = mapped_column(server_default="0")  # in the audit log
    chunked: Mapped[int] = mapped_column(server_default="0")  # frames that they hold
    stored_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of positions and previews
    created_at: Mapped[datetime]
    last_frame_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class SeriesFrameRow(Row):
    """The position of a frame; immutable but for the number of its chunk in the audit log."""

    __tablename__ = "series_frames"
    __table_args__ = (Index(None, "series_id", "chunk"),)

    series_id: Mapped[str] = mapped_column(ForeignKey("series.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64))  # of the body of the request
    body: Mapped[dict[str, Any]]
    preview: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # JPEG
    chunk: Mapped[int | None]
    created_at: Mapped[datetime]
