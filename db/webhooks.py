"""Webhooks, and the queue of events to be delivered to them."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db import audit
from db.errors import WebhookNotFound
from db.rows import FINAL_STATES, DeliveryRow, EventRow, WebhookRow
from db.types import utc_now

# Retry policy: delays after the first, second ... failed attempt, three days in all
RETRY_DELAYS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
CLAIM_LEASE = timedelta(minutes=1)  # after which another relay delivers what a killed one had claimed


def add(session: Session, owner: str, url: str, actor: str) -> WebhookRow:
    """Create a webhook with a new secret."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    row = WebhookRow(id=str(uuid.uuid4()), owner=owner, url=url, secret=secret, actor=actor)
    row.created_at = utc_now()
    session.add(row)
    audit.record(session, "webhook.added", actor=actor, webhook=row.id, url=url)
    return row


def list_active(session: Session, owner: str) -> list[WebhookRow]:
    """Return the active webhooks of an owner, oldest first."""
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
    row.removed_at = utc_now()
    pending = update(DeliveryRow).where(DeliveryRow.webhook_id == row.id, DeliveryRow.due_at.is_not(None))
    session.execute(pending.values(due_at=None, outcome="the webhook was removed"))
    audit.record(session, "webhook.removed", actor=actor, webhook=row.id)


def enqueue(session: Session, events: Sequence[dict[str, Any]]) -> None:
    """Queue events of final states, all of one owner and state, for delivery to the owner's webhooks."""
    if not events or events[0]["state"] not in FINAL_STATES:
        return
    for webhook in list_active(session, events[0]["owner"]):
        _insert(session, webhook, events)


def replay(session: Session, webhook: WebhookRow, since: datetime) -> int:
    """Queue all events of final states since this time again; return their number."""
    query = select(EventRow).where(
        EventRow.owner == webhook.owner, EventRow.at >= since, EventRow.state.in_(FINAL_STATES)
    )
    names = ("registration_id", "batch_id", "state", "attempt", "at")
    events = [{name: getattr(row, name) for name in names} for row in session.scalars(query)]
    _insert(session, webhook, events)
    return len(events)


def claim_due(
    session: Session, limit: int = 20, now: datetime | None = None
) -> list[tuple[DeliveryRow, WebhookRow]]:
    """Claim the deliveries that are due, for a minute, and return them with their webhooks."""
    now = now or utc_now()
    query = select(DeliveryRow, WebhookRow).join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
    query = query.where(DeliveryRow.due_at <= now).order_by(DeliveryRow.due_at).limit(limit)
    rows = session.execute(query.with_for_update(of=DeliveryRow, skip_locked=True))
    claimed = [(delivery, webhook) for delivery, webhook in rows]
    for delivery, _ in claimed:
        delivery.due_at, delivery.attempts = now + CLAIM_LEASE, delivery.attempts + 1
    return claimed


def record_attempt(
    session: Session, delivery: DeliveryRow, outcome: str, delivered: bool, now: datetime | None = None
) -> None:
    """Record the outcome of an attempt: delivered, due again later, or given up after the last retry."""
    now = now or utc_now()
    final = delivered or delivery.attempts > len(RETRY_DELAYS)
    due_at = None if final else now + RETRY_DELAYS[delivery.attempts - 1]
    claimed = update(DeliveryRow).where(
        DeliveryRow.id == delivery.id, DeliveryRow.attempts == delivery.attempts
    )
    session.execute(claimed.values(due_at=due_at, outcome=outcome, delivered_at=now if delivered else None))


def _insert(session: Session, webhook: WebhookRow, events: Iterable[dict[str, Any]]) -> None:
    now = utc_now()
    rows = [
        {
            "id": str(uuid.uuid4()),
            "webhook_id": webhook.id,
            "body": _body(event),
            "created_at": now,
            "attempts": 0,
            "due_at": now,
        }
        for event in events
    ]
    if rows:
        session.execute(insert(DeliveryRow), rows)


def _body(event: dict[str, Any]) -> dict[str, Any]:
    data = {name: event[name] for name in ("registration_id", "batch_id", "state", "attempt")}
    return {"type": f"registration.{event['state']}", "timestamp": event["at"].isoformat(), "data": data}
