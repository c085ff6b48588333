"""Versions of an instrument's networks, and labels: pairs with known transforms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.rows.base import Row
from db.rows.images import ImageRow

NETWORK_STATES = ("queued", "running", "failed", "cancelled", "candidate", "shadow", "active", "retired")
LABEL_SOURCES = ("correction", "confirmed", "accepted", "added")
_JSON = JSON(none_as_null=True)


def _one_of_state(state: str) -> Index:
    """Return the index by which an instrument has at most one version in this state."""
    of_state = text(f"state = '{state}'")
    name = f"uq_networks_{state}"
    return Index(name, "owner", unique=True, postgresql_where=of_state, sqlite_where=of_state)


class NetworkRow(Row):
    """A version of the network of an instrument, or the adaptation that makes it."""

    __tablename__ = "networks"
    __table_args__ = (
        CheckConstraint(f"state IN {NETWORK_STATES}", name="state_known"),
        Index(None, "owner", "created_at", "id"),
        Index(None, "state", "changed_at"),
        _one_of_state("active"),
        _one_of_state("shadow"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[str | None] = mapped_column(String(36))  # the version adapted; None: the bundled one
    previous_id: Mapped[str | None] = mapped_column(String(36))  # active before this one; None: bundled
    weights_sha256: Mapped[str | None] = mapped_column(String(64))  # None until the adaptation has ended
    parent_sha256: Mapped[str | None] = mapped_column(String(64))
    labels_sha256: Mapped[str | None] = mapped_column(String(64))
    archive_sha256: Mapped[str | None] = mapped_column(String(64))
    store_key: Mapped[str | None]  # of the archive of the networks folder
    graphs: Mapped[dict[str, Any] | None] = mapped_column(_JSON)  # SHA-256 of each graph
    seed: Mapped[int]
    minutes: Mapped[float]
    label_count: Mapped[int | None]
    scores: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    acceptable: Mapped[bool | None]
    reasons: Mapped[list[str] | None] = mapped_column(_JSON)
    progress: Mapped[float] = mapped_column(default=0.0, server_default="0")  # of the adaptation, 0 to 1
    message: Mapped[str | None] = mapped_column(Text)  # its present step, or why it has failed
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]  # of the state


class ComparisonRow(Row):
    """The answer of a version in shadow mode beside the result of a job."""

    __tablename__ = "network_comparisons"
    __table_args__ = (Index(None, "registration_id"),)

    network_id: Mapped[str] = mapped_column(ForeignKey("networks.id"), primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    shadow_verdict: Mapped[str] = mapped_column(String(16))
    corner_error_px: Mapped[float]  # between both answers, fixed px
    agrees: Mapped[bool]
    created_at: Mapped[datetime]


class LabelCollectionRow(Row):
    """Whether results of an instrument become labels; no row: they do not."""

    __tablename__ = "label_collections"

    owner: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    actor: Mapped[str]
    changed_at: Mapped[datetime]


class LabelRow(Row):
    """A pair of images of an instrument with its known transform."""

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint(f"source IN {LABEL_SOURCES}", name="source_known"),
        Index(None, "owner", "created_at", "id"),
        Index(None, "fixed_image_id"),
        Index(None, "moving_image_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str]
    registration_id: Mapped[str | None] = mapped_column(ForeignKey("registrations.id"), unique=True)
    fixed_image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    moving_image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    fixed_channel: Mapped[str | None] = mapped_column(String(200))
    fixed_frame: Mapped[int | None]
    moving_channel: Mapped[str | None] = mapped_column(String(200))
    moving_frame: Mapped[int | None]
    fixed_spacing_um: Mapped[float | None]
    moving_spacing_um: Mapped[float | None]
    moving_from_fixed: Mapped[list[list[float]]] = mapped_column(JSON)  # px
    source: Mapped[str] = mapped_column(String(16))
    group_name: Mapped[str | None] = mapped_column(String(200))  # region or acquisition, where it is known
    excluded: Mapped[bool] = mapped_column(default=False, server_default=false())
    actor: Mapped[str]
    created_at: Mapped[datetime]

    fixed_image: Mapped[ImageRow] = relationship(lazy="raise", viewonly=True, foreign_keys=fixed_image_id)
    moving_image: Mapped[ImageRow] = relationship(lazy="raise", viewonly=True, foreign_keys=moving_image_id)
