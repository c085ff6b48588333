"""Usage statistics for the operator: each instrument, its queue, and the outcomes of its jobs by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db import clock, statistics
from db.rows import ImageRow, InstrumentRow, RegistrationRow, ResultRow


class Instrument(NamedTuple):
    """The images and jobs of one instrument."""

    name: str
    since: datetime | None  # None: the only instrument of a service without API keys
    images: int
    image_bytes: int
    waiting: int
    oldest_waiting_s: float
    running: int
    last_submitted: datetime | None


class Day(NamedTuple):
    """The outcomes of the jobs that one instrument submitted on one day (UTC)."""

    day: date
    instrument: str
    outcomes: dict[str, int]  # accept, review, refuse, failed, cancelled; finished jobs only


def instruments(session: Session, now: datetime | None = None) -> list[Instrument]:
    """Return all instruments, and other owners of images or jobs."""
    created = {row.name: row.created_at for row in session.scalars(select(InstrumentRow))}
    stored = {
        owner: (count, size)
        for owner, count, size in session.execute(
            select(ImageRow.owner, func.count(), func.sum(ImageRow.size_bytes)).group_by(ImageRow.owner)
        )
    }
    queued = {entry.owner: entry for entry in statistics.queued(session, now)}
    running = _count(session, RegistrationRow.state == "running")
    newest = select(RegistrationRow.owner, func.max(RegistrationRow.created_at))
    last = {owner: at for owner, at in session.execute(newest.group_by(RegistrationRow.owner))}
    return [
        Instrument(
            name,
            created.get(name),
            *stored.get(name, (0, 0)),
            *((queued[name].jobs, queued[name].oldest_s) if name in queued else (0, 0.0)),
            running.get(name, 0),
            last.get(name),
        )
        for name in sorted({*created, *stored, *queued, *running, *last})
    ]


def days(session: Session, count: int, now: datetime | None = None) -> list[Day]:
    """Return the last ``count`` days, newest first, without days on which an instrument submitted nothing."""
    today = (now or clock.now(session)).astimezone(UTC).date()
    return [
        Day(day, owner, outcomes)
        for day in (today - timedelta(days=back) for back in range(count))
        for owner, outcomes in sorted(_outcomes(session, day).items())
    ]


def _outcomes(session: Session, day: date) -> dict[str, dict[str, int]]:
    """Return the outcomes of one day for each instrument; the query uses the index on the submission time."""
    begin = datetime.combine(day, time(), UTC)
    within = (RegistrationRow.created_at >= begin, RegistrationRow.created_at < begin + timedelta(days=1))
    outcome = func.coalesce(ResultRow.body["verdict"].as_string(), RegistrationRow.state).label("outcome")
    query = select(RegistrationRow.owner, outcome, func.count()).outerjoin(
        ResultRow, ResultRow.registration_id == RegistrationRow.id
    )
    query = query.where(*within, RegistrationRow.finished_at.is_not(None)).group_by(
        RegistrationRow.owner, outcome
    )
    found: dict[str, dict[str, int]] = {}
    for owner, name, jobs in session.execute(query):
        found.setdefault(owner, {})[name] = jobs
    return found


def _count(session: Session, condition: ColumnElement[bool]) -> dict[str, int]:
    query = select(RegistrationRow.owner, func.count()).where(condition).group_by(RegistrationRow.owner)
    return {owner: count for owner, count in session.execute(query)}
