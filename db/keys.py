"""Instruments and their API keys; of a key only the hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import audit
from db.errors import InstrumentUnknown, KeyUnknown, QuotaExceeded
from db.rows import ImageRow, InstrumentRow, KeyRow, OutboxRow
from db.types import utc_now

SCOPES = (
    "read",  # look
    "write",  # upload, submit, cancel, correct
    "collect",  # ahead of bulk, and at once
    "admin",  # see how all instruments fare
)
PREFIX = "xebra"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def add_instrument(session: Session, name: str, actor: str, **limits: Any) -> InstrumentRow:
    """An instrument with its defaults and limits; raises ValueError for a name that is taken or none."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be an instrument's name; use small letters, digits, dots and dashes"
        )
    if session.get(InstrumentRow, name) is not None:
        raise ValueError(f"there is an instrument '{name}' already")
    row = InstrumentRow(name=name, created_at=utc_now(), **limits)
    session.add(row)
    audit.record(session, "instrument.added", actor=actor, instrument=name, limits=limits)
    return row


def add(
    session: Session, instrument: str, name: str, scopes: Sequence[str], actor: str
) -> tuple[KeyRow, str]:
    """A new key, and its text, which is not kept; raises ``InstrumentUnknown``."""
    if session.get(InstrumentRow, instrument) is None:
        raise InstrumentUnknown(f"there is no instrument '{instrument}'; add it first")
    key_id = secrets.token_hex(4)
    text = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    row = KeyRow(id=key_id, instrument=instrument, name=name, sha256=digest(text), scopes=list(scopes))
    row.created_at = utc_now()
    session.add(row)
    audit.record(session, "key.added", actor=actor, key=key_id, instrument=instrument, scopes=list(scopes))
    return row, text


def revoke(session: Session, key_id: str, actor: str) -> None:
    """From now on the key opens nothing; raises ``KeyUnknown``."""
    row = session.get(KeyRow, key_id)
    if row is None:
        raise KeyUnknown(f"there is no key '{key_id}'")
    row.revoked_at = row.revoked_at or utc_now()
    audit.record(session, "key.revoked", actor=actor, key=key_id, instrument=row.instrument)


def find(session: Session, text: str) -> tuple[KeyRow, InstrumentRow]:
    """The key of this text and its instrument; raises ``KeyUnknown``."""
    row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest(text), KeyRow.revoked_at.is_(None)))
    if row is None:
        raise KeyUnknown("this API key is unknown or was revoked")
    return row, session.get_one(InstrumentRow, row.instrument)


def check_waiting(session: Session, instrument: InstrumentRow | None, more: int) -> None:
    """Raise ``QuotaExceeded`` where so many more jobs would be too many."""
    if instrument is None or instrument.most_waiting is None:
        return
    waiting = session.scalar(select(func.count()).where(OutboxRow.owner == instrument.name))
    if waiting + more > instrument.most_waiting:
        raise QuotaExceeded(
            f"{waiting} jobs wait, and {instrument.most_waiting} may; come back when some are done"
        )


def check_bytes(session: Session, instrument: InstrumentRow | None, more: int) -> None:
    """Raise ``QuotaExceeded`` where an upload of this size would be too much."""
    if instrument is None or instrument.most_bytes is None:
        return
    kept = session.scalar(select(func.sum(ImageRow.size_bytes)).where(ImageRow.owner == instrument.name)) or 0
    if kept + more > instrument.most_bytes:
        raise QuotaExceeded(f"{kept} bytes are kept, and {instrument.most_bytes} may be")


def digest(text: str) -> str:
    """What is kept of a key, or of a session's token: 256 random bits need no slower hash than this."""
    return hashlib.sha256(text.encode()).hexdigest()
