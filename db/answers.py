"""Answers kept under an Idempotency-Key: a request that is repeated does nothing twice."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.errors import KeyInFlight, KeyReused
from db.rows import AnswerRow
from db.types import utc_now

KEPT_FOR = timedelta(days=1)
STILL_AT_WORK = "the first request with this Idempotency-Key is still at work; ask again"
TAKEN_OVER_AFTER = timedelta(seconds=60)  # whoever asked first was killed by then


def begin(
    session: Session, owner: str, key: str, asked: str, now: datetime | None = None
) -> tuple[dict[str, Any] | None, str]:
    """The answer given before, if there is one, and the token with which to give the first.

    Raises ``KeyReused`` where something else was asked under this key, ``KeyInFlight`` where the first to ask
    has not been answered yet.
    """
    now = now or utc_now()
    row = session.get(AnswerRow, (owner, key), with_for_update=True)
    if row is not None and row.created_at < now - KEPT_FOR:
        session.delete(row)
        session.flush()
        row = None
    if row is None:
        row = AnswerRow(owner=owner, key=key, asked=asked, token=str(uuid.uuid4()), created_at=now)
        session.add(row)
        try:
            session.flush()
        except IntegrityError:  # another has come in between
            raise KeyInFlight(STILL_AT_WORK) from None
        return None, row.token
    if row.asked != asked:
        raise KeyReused("this Idempotency-Key was used for another request; make a new key for each")
    if row.answer is None and row.created_at > now - TAKEN_OVER_AFTER:
        raise KeyInFlight(STILL_AT_WORK)
    if row.answer is None:
        row.token, row.created_at = str(uuid.uuid4()), now
    return row.answer, row.token


def finish(session: Session, owner: str, key: str, token: str, answer: dict[str, Any]) -> None:
    """Keep the answer, in the transaction that does what was asked; raises ``KeyInFlight`` if taken over."""
    mine = update(AnswerRow).where(AnswerRow.owner == owner, AnswerRow.key == key, AnswerRow.token == token)
    if session.execute(mine.values(answer=answer)).rowcount != 1:
        raise KeyInFlight("this request took so long that a repetition of it has taken over; ask again")


def forget(session: Session, owner: str, key: str, token: str) -> None:
    """What was asked could not be done: it may be asked again under the same key."""
    mine = delete(AnswerRow).where(AnswerRow.owner == owner, AnswerRow.key == key, AnswerRow.token == token)
    session.execute(mine.where(AnswerRow.answer.is_(None)))


def forget_old(session: Session, now: datetime | None = None) -> int:
    """Drop what nobody repeats any more."""
    old = delete(AnswerRow).where(AnswerRow.created_at < (now or utc_now()) - KEPT_FOR)
    return session.execute(old).rowcount
