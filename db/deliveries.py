"""Deliveries of events to webhook endpoints: queueing, claims, outcomes."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from db import audit, clock, webhooks
from db.rows import DELIVERED_STATES, DeliveryRow, EventRow, WebhookRow

# Retry policy: delays after the first, second ... failed attempt, three days in all
RETRY_DELAYS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
CLAIM_LEASE = timedelta(minutes=1)  # after which another relay delivers what a killed one had claimed
MAX_PENDING = 1000  # of one endpoint; further events stay in the table of events
PER_PASS = 500

# Circuit breaker of an endpoint
FAILURES_BEFORE_PAUSE = 5
INITIAL_PAUSE, MAX_PAUSE = timedelta(minutes=1), timedelta(hours=1)
DISABLED_AFTER = timedelta(days=5)  # of failures without a success

PER_ENDPOINT, PER_OWNER = 2, 8  # deliveries at the same time
Claimed = tuple[DeliveryRow, WebhookRow]


def queue_new(session: Session) -> int:
    """Queue new events of final states for the active endpoints; return the number of deliveries.

    The transaction of an event, which holds the lock of the audit log, does not do this. The row of the
    endpoint is locked, so that several relays queue no event twice.
    """
    newer = exists().where(EventRow.owner == WebhookRow.owner, EventRow.seq > WebhookRow.cursor)
    query = select(WebhookRow).where(*_active(), newer).with_for_update(skip_locked=True)
    return sum(_queue(session, webhook) for webhook in session.scalars(query).all())


def any_waiting(session: Session) -> bool:
    """Return whether there are events to be queued or deliveries to be claimed."""
    newer = exists().where(EventRow.owner == WebhookRow.owner, EventRow.seq > WebhookRow.cursor)
    due = exists().where(DeliveryRow.webhook_id == WebhookRow.id, DeliveryRow.due_at <= clock.now(session))
    return session.scalar(select(WebhookRow.id).where(*_active(), or_(newer, due)).limit(1)) is not None


def claim_due(
    session: Session, limit: int, busy: Sequence[Claimed] = (), now: datetime | None = None
) -> list[Claimed]:
    """Claim due deliveries for a minute, a few of each endpoint and owner besides those that are ``busy``."""
    now = now or clock.now(session)
    endpoints, owners = Counter(hook.id for _, hook in busy), Counter(hook.owner for _, hook in busy)
    due = exists().where(DeliveryRow.webhook_id == WebhookRow.id, DeliveryRow.due_at <= now)
    resumed = or_(WebhookRow.paused_until.is_(None), WebhookRow.paused_until <= now)
    waiting = list(session.scalars(select(WebhookRow).where(*_active(), resumed, due)))
    random.shuffle(waiting)  # every endpoint gets its turn, however many there are
    claimed: list[Claimed] = []
    for webhook in waiting:
        per_endpoint = 1 if webhook.failures >= FAILURES_BEFORE_PAUSE else PER_ENDPOINT  # 1: a trial
        free = min(
            *(per_endpoint - endpoints[webhook.id], PER_OWNER - owners[webhook.owner], limit - len(claimed)),
        )
        if free > 0:
            claimed += [(row, webhook) for row in _claim(session, webhook, free, now)]
            owners[webhook.owner] += free
    return claimed


def record_attempt(
    session: Session, delivery: DeliveryRow, outcome: str, delivered: bool, now: datetime | None = None
) -> None:
    """Record the outcome of an attempt: delivered, due again later, or given up after the last retry."""
    now = now or clock.now(session)
    final = delivered or delivery.attempts > len(RETRY_DELAYS)
    due_at = None if final else now + RETRY_DELAYS[delivery.attempts - 1]
    claimed = update(DeliveryRow).where(
        DeliveryRow.id == delivery.id,
        DeliveryRow.attempts == delivery.attempts,
        DeliveryRow.due_at.is_not(None),
    )
    session.execute(claimed.values(due_at=due_at, outcome=outcome, delivered_at=now if delivered else None))
    _record_health(
        session, session.get_one(WebhookRow, delivery.webhook_id, with_for_update=True), delivered, now
    )


def _record_health(session: Session, webhook: WebhookRow, delivered: bool, now: datetime) -> None:
    """Pause an endpoint after several failures, and disable it after days without a success."""
    if delivered:
        webhook.failures, webhook.failing_since, webhook.paused_until = 0, None, None
        return
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    beyond = webhook.failures - FAILURES_BEFORE_PAUSE
    if beyond >= 0:
        webhook.paused_until = now + min(INITIAL_PAUSE * 2 ** min(beyond, 10), MAX_PAUSE)
    if now - webhook.failing_since >= DISABLED_AFTER and webhook.disabled_at is None:
        webhook.disabled_at = now
        webhooks.drop_pending(session, webhook, "the webhook was disabled after days of failures")
        since = webhook.failing_since.isoformat()
        audit.record(session, "webhook.disabled", actor="relay", webhook=webhook.id, failing_since=since)


def _active() -> tuple[ColumnElement[bool], ...]:
    return WebhookRow.removed_at.is_(None), WebhookRow.disabled_at.is_(None)


def _queue(session: Session, webhook: WebhookRow) -> int:
    pending = select(func.count()).where(
        DeliveryRow.webhook_id == webhook.id, DeliveryRow.due_at.is_not(None)
    )
    free = min(PER_PASS, MAX_PENDING - (session.scalar(pending) or 0))
    query = select(EventRow).where(EventRow.owner == webhook.owner, EventRow.seq > webhook.cursor)
    events = session.scalars(query.order_by(EventRow.seq).limit(max(0, free))).all()
    if not events:
        return 0
    webhook.cursor = events[-1].seq
    final = {_delivery_id(webhook, event): event for event in events if event.state in DELIVERED_STATES}
    _requeue(session, webhook, final)
    return len(final)


def _requeue(session: Session, webhook: WebhookRow, events: dict[str, EventRow]) -> None:
    """Queue new deliveries, and those of a replay again under the same id."""
    if not events:
        return
    now = clock.now(session)
    known = set(session.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_(events))))
    again = update(DeliveryRow).where(DeliveryRow.id.in_(known))
    session.execute(again.values(due_at=now, attempts=0, delivered_at=None, outcome=None))
    common = {"webhook_id": webhook.id, "created_at": now, "attempts": 0, "due_at": now}
    new = [common | {"id": id, "body": _body(event)} for id, event in events.items() if id not in known]
    if new:
        session.execute(insert(DeliveryRow), new)


def _claim(session: Session, webhook: WebhookRow, limit: int, now: datetime) -> list[DeliveryRow]:
    query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook.id, DeliveryRow.due_at <= now)
    query = query.order_by(DeliveryRow.due_at).limit(limit).with_for_update(skip_locked=True)
    rows = list(session.scalars(query))
    for row in rows:
        row.due_at, row.attempts = now + CLAIM_LEASE, row.attempts + 1
    return rows


def _delivery_id(webhook: WebhookRow, event: EventRow) -> str:
    """Return the id of an event for a receiver, the same at each retry and replay."""
    return str(uuid.uuid5(uuid.UUID(webhook.id), str(event.seq)))


def _body(event: EventRow) -> dict[str, object]:
    if event.series_id is not None:
        series = {"series_id": event.series_id, "state": event.state, "frames": event.frames}
        return {"type": f"series.{event.state}", "timestamp": event.at.isoformat(), "data": series}
    if event.network_id is not None:
        version = {"network_id": event.network_id, "state": event.state}
        return {"type": f"network.{event.state}", "timestamp": event.at.isoformat(), "data": version}
    if event.drift is not None:
        return {"type": f"drift.{event.state}", "timestamp": event.at.isoformat(), "data": event.drift}
    data = {name: getattr(event, name) for name in ("registration_id", "batch_id", "state", "attempt")}
    return {"type": f"registration.{event.state}", "timestamp": event.at.isoformat(), "data": data}
