"""Instruments, their quotas and their API keys; only the hash of a key is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import audit
from db.errors import ApiKeyUnknown, InstrumentUnknown, QuotaExceeded
from db.rows import ImageRow, InstrumentRow, KeyRow, OutboxRow, SeriesRow
from db.types import utc_now

SCOPES = (
    "read",  # get images, registrations, results
    "write",  # upload, submit, cancel, correct
    "collect",  # priority "collection" and synchronous registration
    "networks",  # labels and versions of the network of its instrument
    "admin",  # usage statistics of all instruments
)
PREFIX = "xebra"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def add_instrument(session: Session, name: str, actor: str, **limits: Any) -> InstrumentRow:
    """Add an instrument with its defaults and limits.

    Raises:
        ValueError: the name is invalid or in use.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' is not a valid instrument name; use lower-case letters, digits, dots and dashes"
        )
    if session.get(InstrumentRow, name) is not None:
        raise ValueError(f"the instrument '{name}' exists already; choose another name")
    row = InstrumentRow(name=name, created_at=utc_now(), **limits)
    session.add(row)
    audit.record(session, "instrument.added", actor=actor, instrument=name, limits=limits)
    return row


def add(
    session: Session, instrument: str, name: str, scopes: Sequence[str], actor: str
) -> tuple[KeyRow, str]:
    """Create an API key; return its row and its text, which is not stored.

    Raises:
        InstrumentUnknown: there is no such instrument.
    """
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
    """Revoke an API key.

    Raises:
        ApiKeyUnknown: there is no such key.
    """
    row = session.get(KeyRow, key_id)
    if row is None:
        raise ApiKeyUnknown(f"there is no API key '{key_id}'")
    row.revoked_at = row.revoked_at or utc_now()
    audit.record(session, "key.revoked", actor=actor, key=key_id, instrument=row.instrument)


def find(session: Session, text: str) -> tuple[KeyRow, InstrumentRow]:
    """Return the key with this text and its instrument.

    Raises:
        ApiKeyUnknown: the key does not exist or was revoked.
    """
    row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest(text), KeyRow.revoked_at.is_(None)))
    if row is None:
        raise ApiKeyUnknown("this API key is unknown or was revoked")
    return row, session.get_one(InstrumentRow, row.instrument)


def check_queue_quota(session: Session, instrument: InstrumentRow | None, additional: int) -> None:
    """Raise ``QuotaExceeded`` if this number of additional jobs would exceed the instrument's quota.

    Other submissions of the instrument wait for the end of the transaction, so that none passes twice.
    """
    instrument = lock(session, instrument)
    if instrument is None or instrument.max_queued_jobs is None:
        return
    queued = session.scalar(select(func.count()).where(OutboxRow.owner == instrument.name)) or 0
    if queued + additional > instrument.max_queued_jobs:
        raise QuotaExceeded(
            f"{queued} jobs are queued and {additional} more would exceed the limit of"
            f" {instrument.max_queued_jobs}; retry when some have finished"
        )


def reserve_storage(session: Session, instrument: InstrumentRow | None, additional: int) -> None:
    """Check the storage quota, and have other uploads of the instrument wait for this transaction."""
    check_storage_quota(session, lock(session, instrument), additional)


def lock(session: Session, instrument: InstrumentRow | None) -> InstrumentRow | None:
    """Return the present row of the instrument, locked until the commit (SQLite has a single writer)."""
    if instrument is None:
        return None
    query = select(InstrumentRow).where(InstrumentRow.name == instrument.name)
    return session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))


def check_storage_quota(session: Session, instrument: InstrumentRow | None, additional: int) -> None:
    """Raise ``QuotaExceeded`` if this number of additional bytes would exceed the instrument's quota."""
    if instrument is None or instrument.max_stored_bytes is None:
        return
    size = func.sum(ImageRow.size_bytes)
    stored = session.scalar(select(size).where(ImageRow.owner == instrument.name)) or 0
    in_series = select(func.sum(SeriesRow.stored_bytes)).where(SeriesRow.owner == instrument.name)
    stored += session.scalar(in_series) or 0
    if stored + additional > instrument.max_stored_bytes:
        raise QuotaExceeded(
            f"{stored} bytes are stored and {additional} more would exceed the limit of"
            f" {instrument.max_stored_bytes}; ask the operator for a higher one"
        )


def digest(text: str) -> str:
    """Return the stored hash of a key or session token; 256 random bits do not need a slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()
