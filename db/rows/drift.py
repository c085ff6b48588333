"""Drift of an instrument: features of its jobs, windows of jobs, and the present state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row

DRIFT_STATES = ("reference", "unchanged", "changed")
_JSON = JSON(none_as_null=True)
_FREE = text("window_number IS NULL")


class DriftSampleRow(Row):
    """The features of a finished job; ``window_number`` is None until the job is part of a window."""

    __tablename__ = "drift_samples"
    __table_args__ = (
        Index(None, "owner", "window_number"),
        Index("ix_drift_samples_free", "owner", "created_at", postgresql_where=_FREE, sqlite_where=_FREE),
    )

    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    owner: Mapped[str]
    verdict: Mapped[str] = mapped_column(String(16))
    features: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    window_number: Mapped[int | None]


class DriftWindowRow(Row):
    """A window of jobs in a row, and how it compares with the reference."""

    __tablename__ = "drift_windows"

    owner: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    verdicts: Mapped[dict[str, Any]]  # number of jobs by verdict
    changes: Mapped[list[dict[str, Any]] | None] = mapped_column(_JSON)  # None: part of the reference
    changed: Mapped[bool]


class DriftStateRow(Row):
    """The reference of an instrument, and whether its latest jobs differ from it."""

    __tablename__ = "drift_states"
    __table_args__ = (CheckConstraint(f"state IN {DRIFT_STATES}", name="state_known"),)

    owner: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    windows: Mapped[int]  # number of the newest window
    reference: Mapped[dict[str, Any]]  # values of each feature by job, in the order of time
    reference_jobs: Mapped[int]
    reference_from: Mapped[datetime | None]
    reference_until: Mapped[datetime | None]
    changed_window: Mapped[int | None]  # the first one that differs
    changed_at: Mapped[datetime | None]
    examples: Mapped[dict[str, Any] | None] = mapped_column(_JSON)  # ids of jobs before and after
