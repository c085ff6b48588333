"""Webhook endpoints of the instruments."""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db import audit, clock, events, keys
from db.errors import QuotaExceeded, WebhookNotFound
from db.rows import DELIVERED_STATES, DeliveryRow, EventRow, InstrumentRow, WebhookRow

MAX_ENDPOINTS = 10  # of one instrument: each gets every event


def add(session: Session, owner: str, url: str, actor: str) -> WebhookRow:
    """Create a webhook with a new secret; it receives the events from now on.

    Raises:
        QuotaExceeded: the owner has the maximum number of webhooks.
    """
    keys.lock(session, session.get(InstrumentRow, owner))  # others of this owner wait
    if len(list_active(session, owner)) >= MAX_ENDPOINTS:
        raise QuotaExceeded(f"there are {MAX_ENDPOINTS} webhooks; delete one before you add another")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    row = WebhookRow(id=str(uuid.uuid4()), owner=owner, url=url, secret=secret, actor=actor)
    row.created_at, row.cursor = clock.now(session), events.latest_seq(session)
    session.add(row)
    audit.record(session, "webhook.added", actor=actor, webhook=row.id, url=url)
    return row


def list_active(session: Session, owner: str) -> list[WebhookRow]:
    """Return the webhooks of an owner that were not removed, oldest first."""
    query = select(WebhookRow).where(WebhookRow.owner == owner, WebhookRow.removed_at.is_(None))
    return list(session.scalars(query.order_by(WebhookRow.created_at)))


def get(session: Session, webhook_id: str, owner: str) -> WebhookRow:
    """Return the active webhook with this id.

    Raises:
        WebhookNotFound: there is no such webhook of this owner.
    """
    for row in list_active(session, owner):
        if row.id == webhook_id:
            return row
    raise WebhookNotFound(f"there is no webhook {webhook_id}")


def remove(session: Session, row: WebhookRow, actor: str) -> None:
    """Deactivate a webhook and drop its pending deliveries."""
    row.removed_at = clock.now(session)
    drop_pending(session, row, "the webhook was removed")
    audit.record(session, "webhook.removed", actor=actor, webhook=row.id)


def enable(session: Session, row: WebhookRow, actor: str) -> None:
    """Enable a disabled or paused webhook; it receives the events from now on, earlier ones by a replay."""
    if row.disabled_at is not None:
        row.cursor = events.latest_seq(session)
        audit.record(session, "webhook.enabled", actor=actor, webhook=row.id)
    row.disabled_at = row.paused_until = row.failing_since = None
    row.failures = 0


def replay(session: Session, webhook: WebhookRow, since: datetime) -> int:
    """Have all events of final states since this time delivered again; return their number."""
    again = (EventRow.owner == webhook.owner, EventRow.at >= since)
    first = session.scalar(select(func.min(EventRow.seq)).where(*again))
    if first is None:
        return 0
    webhook.cursor = min(webhook.cursor, first - 1)
    count = select(func.count()).where(*again, EventRow.state.in_(DELIVERED_STATES))
    return session.scalar(count) or 0


def drop_pending(session: Session, row: WebhookRow, outcome: str) -> None:
    """End all deliveries that are due."""
    pending = update(DeliveryRow).where(DeliveryRow.webhook_id == row.id, DeliveryRow.due_at.is_not(None))
    session.execute(pending.values(due_at=None, outcome=outcome))
