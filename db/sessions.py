"""Sessions of people who showed an API key: a cookie stands for the keys; only its hash is kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db import audit
from db.errors import InstrumentUnknown, SessionUnknown
from db.keys import digest
from db.rows import InstrumentRow, KeyRow, SessionRow
from db.types import utc_now

LASTS = timedelta(hours=12)  # a day at the instrument


def begin(
    session: Session, key: KeyRow, before: str | None = None, now: datetime | None = None
) -> tuple[str, datetime]:
    """A new token that stands for this key, and for those of the token before, which ends; and its end.

    The token is new each time: one that somebody else put into the browser never comes to open anything.
    """
    now = now or utc_now()
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now))
    kept = {row.key_id for row in _rows(session, before, now)} | {key.id} if before else {key.id}
    if before:
        session.execute(delete(SessionRow).where(SessionRow.sha256 == digest(before)))
    token, until = secrets.token_urlsafe(32), now + LASTS
    for key_id in kept:
        chosen = now if key_id == key.id else now - LASTS
        session.add(
            SessionRow(
                sha256=digest(token), key_id=key_id, created_at=now, expires_at=until, chosen_at=chosen
            )
        )
    audit.record(session, "session.begun", actor=f"{key.instrument}/{key.id}")
    return token, until


def find(
    session: Session, token: str, now: datetime | None = None
) -> list[tuple[KeyRow, InstrumentRow, datetime]]:
    """The keys that a token stands for, the chosen one first, each with its instrument and the session's end.

    Raises ``SessionUnknown`` where it stands for none, or not any more.
    """
    found = _rows(session, token, now or utc_now())
    if not found:
        raise SessionUnknown("this session has ended; sign in again")
    return [
        (key, session.get_one(InstrumentRow, key.instrument), row.expires_at)
        for row in found
        for key in [session.get_one(KeyRow, row.key_id)]
    ]


def choose(session: Session, token: str, instrument: str, now: datetime | None = None) -> None:
    """The token means this instrument from now on; raises ``SessionUnknown`` or ``InstrumentUnknown``."""
    now = now or utc_now()
    keys = [key for key, owner, _ in find(session, token, now) if owner.name == instrument]
    if not keys:
        raise InstrumentUnknown(f"this session holds no key of '{instrument}'; sign in with one")
    held = (SessionRow.sha256 == digest(token), SessionRow.key_id == keys[0].id)
    session.execute(update(SessionRow).where(*held).values(chosen_at=now))


def end(session: Session, token: str) -> None:
    """The token stands for nothing any more; it may have been nothing before."""
    session.execute(delete(SessionRow).where(SessionRow.sha256 == digest(token)))


def _rows(session: Session, token: str, now: datetime) -> list[SessionRow]:
    query = select(SessionRow).join(KeyRow, KeyRow.id == SessionRow.key_id)
    query = query.where(SessionRow.sha256 == digest(token), SessionRow.expires_at > now)
    query = query.where(KeyRow.revoked_at.is_(None))
    return list(session.scalars(query.order_by(SessionRow.chosen_at.desc(), SessionRow.key_id)))
