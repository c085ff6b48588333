"""Figures for who runs the service: each instrument, its part of the queue, how its jobs ended day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import statistics
from db.rows import ImageRow, InstrumentRow, RegistrationRow, ResultRow
from db.types import utc_now


class Instrument(NamedTuple):
    """What one instrument has here, and how much of it waits."""

    name: str
    since: datetime | None  # None: the open instrument of a service without keys
    images: int
    image_bytes: int
    waiting: int
    oldest_waiting_s: float
    running: int
    last_submitted: datetime | None


class Day(NamedTuple):
    """How the jobs ended that one instrument submitted on one day (UTC)."""

    day: date
    instrument: str
    outcomes: dict[str, int]  # accept, review, refuse, failed, cancelled: only jobs that have ended


def instruments(session: Session, now: datetime | None = None) -> list[Instrument]:
    """All that were added, and whoever else owns anything."""
    since = dict(session.execute(select(InstrumentRow.name, InstrumentRow.created_at)).all())
    kept = {
        owner: (count, size)
        for owner, count, size in session.execute(
            select(ImageRow.owner, func.count(), func.sum(ImageRow.size_bytes)).group_by(ImageRow.owner)
        )
    }
    waiting = {one.owner: one for one in statistics.waiting(session, now)}
    running = _counted(session, RegistrationRow.state == "running")
    newest = select(RegistrationRow.owner, func.max(RegistrationRow.created_at)).group_by(
        RegistrationRow.owner
    )
    last = dict(session.execute(newest).all())
    names = sorted({*since, *kept, *waiting, *running, *last})
    return [
        Instrument(
            name,
            since.get(name),
            *kept.get(name, (0, 0)),
            *(waiting[name][1:] if name in waiting else (0, 0.0)),
            running.get(name, 0),
            last.get(name),
        )
        for name in names
    ]


def days(session: Session, count: int, now: datetime | None = None) -> list[Day]:
    """The last ``count`` days, newest first; days on which an instrument submitted nothing are left out."""
    today = (now or utc_now()).astimezone(UTC).date()
    return [
        Day(day, owner, outcomes)
        for day in (today - timedelta(days=back) for back in range(count))
        for owner, outcomes in sorted(_outcomes(session, day).items())
    ]


def _outcomes(session: Session, day: date) -> dict[str, dict[str, int]]:
    """For each instrument; a day at a time, so that the index on the time of submission serves."""
    begins = datetime.combine(day, time(), UTC)
    within = (RegistrationRow.created_at >= begins, RegistrationRow.created_at < begins + timedelta(days=1))
    outcome = func.coalesce(ResultRow.body["verdict"].as_string(), RegistrationRow.state).label("outcome")
    query = select(RegistrationRow.owner, outcome, func.count()).outerjoin(
        ResultRow, ResultRow.registration_id == RegistrationRow.id
    )
    query = query.where(*within, RegistrationRow.finished_at.is_not(None)).group_by(
        RegistrationRow.owner, outcome
    )
    found: dict[str, dict[str, int]] = {}
    for owner, how, jobs in session.execute(query):
        found.setdefault(owner, {})[how] = jobs
    return found


def _counted(session: Session, condition) -> dict[str, int]:
    query = select(RegistrationRow.owner, func.count()).where(condition).group_by(RegistrationRow.owner)
    return dict(session.execute(query).all())
