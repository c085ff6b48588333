"""Browser sessions: a cookie token stands for one or more API keys; only its hash is stored."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db import audit, clock
from db.errors import InstrumentUnknown, SessionUnknown
from db.keys import digest
from db.rows import InstrumentRow, KeyRow, SessionRow

LIFETIME = timedelta(hours=12)  # a day at the instrument


def create(
    session: Session, key: KeyRow, previous: str | None = None, now: datetime | None = None
) -> tuple[str, datetime]:
    """Create a session of this key and return its token and its expiry.

    The keys of the previous session are included, and that session is deleted. The token is always a new one,
    so that a token planted in the browser is never authenticated (session fixation).
    """
    now = now or clock.now(session)
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now))
    key_ids = {key.id}
    if previous:
        key_ids |= {row.key_id for row in _rows(session, previous, now)}
        delete_session(session, previous)
    token, expires_at = secrets.token_urlsafe(32), now + LIFETIME
    for key_id in key_ids:
        row = SessionRow(sha256=digest(token), key_id=key_id, created_at=now, expires_at=expires_at)
        row.selected_at = now if key_id == key.id else now - LIFETIME
        session.add(row)
    audit.record(session, "session.begun", actor=f"{key.instrument}/{key.id}")
    return token, expires_at


def find(
    session: Session, token: str, now: datetime | None = None
) -> list[tuple[KeyRow, InstrumentRow, datetime]]:
    """Return the keys of a session, the selected one first, each with its instrument and the expiry.

    Raises:
        SessionUnknown: there is no such session, or it has expired.
    """
    rows = _rows(session, token, now or clock.now(session))
    if not rows:
        raise SessionUnknown("this session has ended; sign in again")
    return [
        (key, session.get_one(InstrumentRow, key.instrument), row.expires_at)
        for row in rows
        for key in [session.get_one(KeyRow, row.key_id)]
    ]


def select_instrument(session: Session, token: str, instrument: str, now: datetime | None = None) -> None:
    """Select the instrument of the session.

    Raises:
        SessionUnknown: there is no such session, or it has expired.
        InstrumentUnknown: the session has no key of this instrument.
    """
    now = now or clock.now(session)
    keys = [key for key, owner, _ in find(session, token, now) if owner.name == instrument]
    if not keys:
        raise InstrumentUnknown(f"this session has no API key of '{instrument}'; sign in with one")
    row = (SessionRow.sha256 == digest(token), SessionRow.key_id == keys[0].id)
    session.execute(update(SessionRow).where(*row).values(selected_at=now))


def delete_session(session: Session, token: str) -> None:
    """Delete a session, if it exists."""
    session.execute(delete(SessionRow).where(SessionRow.sha256 == digest(token)))


def _rows(session: Session, token: str, now: datetime) -> list[SessionRow]:
    query = select(SessionRow).join(KeyRow, KeyRow.id == SessionRow.key_id)
    query = query.where(SessionRow.sha256 == digest(token), SessionRow.expires_at > now)
    query = query.where(KeyRow.revoked_at.is_(None))
    return list(session.scalars(query.order_by(SessionRow.selected_at.desc(), SessionRow.key_id)))
