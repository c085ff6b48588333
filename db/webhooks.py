"""Webhooks: who wants to be told when a registration ends, and what has not been delivered yet."""

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
from db.rows import ENDED, DeliveryRow, EventRow, WebhookRow
from db.types import utc_now

_HOURS = (2, 5, 10, 14, 20, 24)
PAUSES = (timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30))
PAUSES += tuple(timedelta(hours=hours) for hours in _HOURS)  # three days in all
HELD_FOR = timedelta(minutes=1)  # by whoever delivers; a killed one's is delivered by another after that


def add(session: Session, owner: str, url: str, actor: str) -> WebhookRow:
    """A new webhook with a secret of its own."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    row = WebhookRow(id=str(uuid.uuid4()), owner=owner, url=url, secret=secret, actor=actor)
    row.created_at = utc_now()
    session.add(row)
    audit.record(session, "webhook.added", actor=actor, webhook=row.id, url=url)
    return row


def of(session: Session, owner: str) -> list[WebhookRow]:
    """The webhooks of an owner that are called."""
    query = select(WebhookRow).where(WebhookRow.owner == owner, WebhookRow.ended_at.is_(None))
    return list(session.scalars(query.order_by(WebhookRow.created_at)))


def get(session: Session, webhook_id: str, owner: str) -> WebhookRow:
    """Raises ``WebhookNotFound``."""
    for row in of(session, owner):
        if row.id == webhook_id:
            return row
    raise WebhookNotFound(f"there is no webhook {webhook_id}")


def end(session: Session, row: WebhookRow, actor: str) -> None:
    """Call it no more; what waits for it is dropped."""
    row.ended_at = utc_now()
    waiting = update(DeliveryRow).where(DeliveryRow.webhook_id == row.id, DeliveryRow.due_at.is_not(None))
    session.execute(waiting.values(due_at=None, said="the webhook was removed"))
    audit.record(session, "webhook.removed", actor=actor, webhook=row.id)


def announce(session: Session, told: Sequence[dict[str, Any]]) -> None:
    """Have these events delivered, if they are ends and somebody wants to know; part of the transaction."""
    if not told or told[0]["state"] not in ENDED:
        return
    for webhook in of(session, told[0]["owner"]):
        _enqueue(session, webhook, told)


def replay(session: Session, webhook: WebhookRow, since: datetime) -> int:
    """Deliver again what has ended since; how many events these are."""
    query = select(EventRow).where(
        EventRow.owner == webhook.owner, EventRow.at >= since, EventRow.state.in_(ENDED)
    )
    names = ("registration_id", "batch_id", "state", "attempt", "at")
    told = [{name: getattr(row, name) for name in names} for row in session.scalars(query)]
    _enqueue(session, webhook, told)
    return len(told)


def take_due(
    session: Session, limit: int = 20, now: datetime | None = None
) -> list[tuple[DeliveryRow, WebhookRow]]:
    """Deliveries whose time has come, held for a minute by whoever asks."""
    now = now or utc_now()
    query = select(DeliveryRow, WebhookRow).join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
    query = query.where(DeliveryRow.due_at <= now).order_by(DeliveryRow.due_at).limit(limit)
    taken = [tuple(row) for row in session.execute(query.with_for_update(of=DeliveryRow, skip_locked=True))]
    for delivery, _ in taken:
        delivery.due_at, delivery.attempts = now + HELD_FOR, delivery.attempts + 1
    return taken


def settle(
    session: Session, delivery: DeliveryRow, said: str, delivered: bool, now: datetime | None = None
) -> None:
    """Note what came of it: delivered, or due again later, or given up after days."""
    now = now or utc_now()
    again = None if delivered or delivery.attempts > len(PAUSES) else now + PAUSES[delivery.attempts - 1]
    mine = update(DeliveryRow).where(DeliveryRow.id == delivery.id, DeliveryRow.attempts == delivery.attempts)
    session.execute(mine.values(due_at=again, said=said, delivered_at=now if delivered else None))


def _enqueue(session: Session, webhook: WebhookRow, told: Iterable[dict[str, Any]]) -> None:
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
        for event in told
    ]
    if rows:
        session.execute(insert(DeliveryRow), rows)


def _body(event: dict[str, Any]) -> dict[str, Any]:
    data = {name: event[name] for name in ("registration_id", "batch_id", "state", "attempt")}
    return {"type": f"registration.{event['state']}", "timestamp": event["at"].isoformat(), "data": data}
