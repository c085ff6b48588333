"""Events, webhooks and their deliveries, responses to idempotent requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.rows.base import Row


class EventRow(Row):
    """A state change of a registration, of a version of a network or of drift, or a chunk of a series.

    ``seq`` ascends in the order in which events became visible.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "owner", "seq"),
        Index(None, "registration_id", "seq"),
        Index(None, "at"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner: Mapped[str]
    registration_id: Mapped[str | None] = mapped_column(String(36))
    batch_id: Mapped[str | None] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int]
    at: Mapped[datetime]
    series_id: Mapped[str | None] = mapped_column(String(36))
    frames: Mapped[int | None]  # of the series so far
    network_id: Mapped[str | None] = mapped_column(String(36))
    drift: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # window, features, examples


class WebhookRow(Row):
    """A webhook endpoint; its secret is stored in plain text, because it signs the deliveries."""

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "owner"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str]
    url: Mapped[str]
    secret: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    cursor: Mapped[int] = mapped_column(BigInteger, server_default="0")  # last event queued
    failures: Mapped[int] = mapped_column(default=0, server_default="0")  # since the last success
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class DeliveryRow(Row):
    """An event to be delivered to a webhook; pending while ``due_at`` is set."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "webhook_id", "due_at"), Index(None, "webhook_id", "created_at", "id"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)


class IdempotencyKeyRow(Row):
    """The response to a request with an Idempotency-Key; empty while the request is in flight."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    owner: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime]
    response: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
