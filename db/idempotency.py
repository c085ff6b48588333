"""Responses stored under an Idempotency-Key, so that a repeated request has no second effect."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import clock
from db.engine import affected_rows
from db.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from db.rows import IdempotencyKeyRow

RETENTION = timedelta(days=1)
TAKEOVER_AFTER = timedelta(seconds=60)  # the process of a request without a response after that was killed
IN_FLIGHT = "the first request with this Idempotency-Key is still in progress; send it again later"
TAKEN_OVER = "the request took too long and a repetition of it has taken over; send it again"


def begin(
    session: Session, owner: str, key: str, request_hash: str, now: datetime | None = None
) -> tuple[dict[str, Any] | None, str]:
    """Return the stored response, or None, and the token with which to store the first response.

    Raises:
        IdempotencyKeyReused: the key belongs to a request with another content.
        IdempotencyKeyInFlight: the first request with this key has no response yet.
    """
    now = now or clock.now(session)
    row = _unexpired(session, owner, key, now)
    if row is None:
        return None, _insert(session, owner, key, request_hash, now)
    if row.request_hash != request_hash:
        raise IdempotencyKeyReused(
            "this Idempotency-Key was used for another request; create a new key for each request"
        )
    if row.response is None and row.created_at > now - TAKEOVER_AFTER:
        raise IdempotencyKeyInFlight(IN_FLIGHT)
    if row.response is None:
        row.token, row.created_at = str(uuid.uuid4()), now
    return row.response, row.token


def complete(session: Session, owner: str, key: str, token: str, response: dict[str, Any]) -> None:
    """Store the response, in the transaction that executes the request.

    Raises:
        IdempotencyKeyInFlight: another request with the same key has taken over.
    """
    row = IdempotencyKeyRow
    held = update(row).where(row.owner == owner, row.key == key, row.token == token)
    if affected_rows(session, held.values(response=response)) != 1:
        raise IdempotencyKeyInFlight(TAKEN_OVER)


def release(session: Session, owner: str, key: str, token: str) -> None:
    """Free the key after a failed request, so that the request can be repeated under the same key."""
    row = IdempotencyKeyRow
    held = delete(row).where(row.owner == owner, row.key == key, row.token == token)
    session.execute(held.where(row.response.is_(None)))


def delete_expired(session: Session, now: datetime | None = None) -> int:
    """Delete keys older than the retention time; return their number."""
    expired = IdempotencyKeyRow.created_at < (now or clock.now(session)) - RETENTION
    return affected_rows(session, delete(IdempotencyKeyRow).where(expired))


def _unexpired(session: Session, owner: str, key: str, now: datetime) -> IdempotencyKeyRow | None:
    row = session.get(IdempotencyKeyRow, (owner, key), with_for_update=True)
    if row is not None and row.created_at < now - RETENTION:
        session.delete(row)
        session.flush()
        return None
    return row


def _insert(session: Session, owner: str, key: str, request_hash: str, now: datetime) -> str:
    row = IdempotencyKeyRow(owner=owner, key=key, request_hash=request_hash, token=str(uuid.uuid4()))
    row.created_at = now
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # a concurrent request inserted the same key
        raise IdempotencyKeyInFlight(IN_FLIGHT) from None
    return row.token
