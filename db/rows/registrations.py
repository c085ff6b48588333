"""Registration jobs, their results and corrections, batches, and the job queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.rows.base import LOCAL, STATES, Row
from db.rows.images import ImageRow

IMAGES_OF_A_JOB = ("fixed_image_id", "moving_image_id", "fixed_mask_image_id", "moving_mask_image_id")


class RegistrationRow(Row):
    """A registration job; the row holds its state, the queue only wakes workers."""

    __tablename__ = "registrations"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state_known"),
        CheckConstraint("(state = 'failed') = (fault IS NOT NULL)", name="fault_if_failed"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease_if_running"),
        Index(None, "created_at", "id"),
        Index(None, "state", "created_at", "id"),
        Index(None, "owner", "created_at", "id"),
        Index(None, "owner", "state", "created_at", "id"),
        Index(None, "lease_until"),
        Index(None, "batch_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(default=LOCAL, server_default=LOCAL)
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(16), default="bulk", server_default="bulk")
    batch_id: Mapped[str | None] = mapped_column(String(36))
    fixed_image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    moving_image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    fixed_channel: Mapped[str | None] = mapped_column(String(200))  # number or name; None: the default
    fixed_frame: Mapped[int | None]
    moving_channel: Mapped[str | None] = mapped_column(String(200))
    moving_frame: Mapped[int | None]
    network: Mapped[str | None]
    fixed_spacing_um: Mapped[float | None]
    moving_spacing_um: Mapped[float | None]
    mirror: Mapped[str] = mapped_column(String(8), default="no", server_default="no")  # no, yes or try
    model: Mapped[str] = mapped_column(String(16), default="similarity", server_default="similarity")
    prior: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # matrix with tolerances
    fixed_tilt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # degrees, axis_deg
    moving_tilt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fixed_mask: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # polygons
    moving_mask: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fixed_mask_image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id"))
    moving_mask_image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id"))
    actor: Mapped[str]
    request_id: Mapped[str]
    traceparent: Mapped[str | None] = mapped_column(String(55))  # of the request, if it is traced
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    lost_workers: Mapped[int] = mapped_column(default=0, server_default="0")  # attempts that ended so
    outages: Mapped[int] = mapped_column(default=0, server_default="0")
    system_faults: Mapped[int] = mapped_column(default=0, server_default="0")  # others
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(16))
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None] = mapped_column(Text)

    result: Mapped[ResultRow | None] = relationship(lazy="raise", viewonly=True)
    fixed_image: Mapped[ImageRow] = relationship(lazy="raise", viewonly=True, foreign_keys=fixed_image_id)
    moving_image: Mapped[ImageRow] = relationship(lazy="raise", viewonly=True, foreign_keys=moving_image_id)
    fixed_mask_image: Mapped[ImageRow | None] = relationship(
        lazy="raise", viewonly=True, foreign_keys=fixed_mask_image_id
    )
    moving_mask_image: Mapped[ImageRow | None] = relationship(
        lazy="raise", viewonly=True, foreign_keys=moving_mask_image_id
    )
    corrections: Mapped[list[CorrectionRow]] = relationship(
        lazy="raise", viewonly=True, order_by="CorrectionRow.created_at, CorrectionRow.id"
    )
    reviews: Mapped[list[ReviewRow]] = relationship(
        lazy="raise", viewonly=True, order_by="ReviewRow.created_at, ReviewRow.id"
    )
    tags: Mapped[list[TagRow]] = relationship(lazy="raise", viewonly=True, order_by="TagRow.name")


class ResultRow(Row):
    """The result of a registration, at most one, written in the transaction that ends the job."""

    __tablename__ = "results"

    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    attempt: Mapped[int]
    body: Mapped[dict[str, Any]]
    registered_key: Mapped[str]
    created_at: Mapped[datetime]


class BatchRow(Row):
    """Registrations submitted together."""

    __tablename__ = "batches"
    __table_args__ = (Index(None, "owner", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str]
    actor: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]


class CorrectionRow(Row):
    """A manual correction of the transform; immutable."""

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "registration_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"))
    fixed_from_moving: Mapped[list[list[float]]] = mapped_column(JSON)
    note: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str]
    created_at: Mapped[datetime]


class ReviewRow(Row):
    """A person's decision on the position that counts; immutable, the newest one applies."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("decision IN ('accept', 'reject', 'withdraw')", name="decision_known"),
        Index(None, "registration_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"))
    decision: Mapped[str] = mapped_column(String(16))  # withdraw: there is no decision any more
    note: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str]
    created_at: Mapped[datetime]


class TagRow(Row):
    """A tag of a registration."""

    __tablename__ = "tags"
    __table_args__ = (Index(None, "name"),)

    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(50), primary_key=True)


class OutboxRow(Row):
    """A registration in the queue; its claim removes the entry."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "sent_at", "due_at"),
        Index(None, "rank", "turn", "id"),
        Index(None, "owner", "rank", "turn"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"), unique=True)
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(server_default=LOCAL)
    rank: Mapped[int] = mapped_column(server_default="1")  # index of its priority in PRIORITIES
    turn: Mapped[int] = mapped_column(server_default="1")
