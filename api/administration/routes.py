"""/api/v1/administration: the instruments, the queue, and how jobs ended day by day."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.access import CallerDep
from api.dependencies import DatabaseDep
from api.times import Time
from db import oversight

PATH = "/api/v1/administration"
router = APIRouter(prefix=PATH, tags=["administration"])


class InstrumentFigures(BaseModel):
    """One instrument."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    since: Time | None
    images: int
    image_bytes: int
    waiting: int
    oldest_waiting_s: float
    running: int
    last_submitted: Time | None


class DayFigures(BaseModel):
    """How the jobs ended that one instrument submitted on one day."""

    day: datetime.date = Field(description="UTC.")
    instrument: str
    ended: int
    accepted: int
    to_review: int
    refused: int
    failed: int
    cancelled: int
    refusal_rate: float | None = Field(description="Refused among those with a result; None without any.")

    @classmethod
    def of(cls, day: oversight.Day) -> DayFigures:
        """The figures of a day."""
        how = day.outcomes.get
        judged = [how("accept", 0), how("review", 0), how("refuse", 0)]
        return cls(
            day=day.day,
            instrument=day.instrument,
            ended=sum(day.outcomes.values()),
            accepted=judged[0],
            to_review=judged[1],
            refused=judged[2],
            failed=how("failed", 0),
            cancelled=how("cancelled", 0),
            refusal_rate=judged[2] / sum(judged) if any(judged) else None,
        )


class Figures(BaseModel):
    """All instruments, and the last days."""

    instruments: list[InstrumentFigures]
    days: list[DayFigures]


@router.get("", summary="How do the instruments fare?", responses=problems.documented(RequestValidationError))
def figures(
    caller: CallerDep,
    database: DatabaseDep,
    days: Annotated[int, Query(ge=1, le=90, description="How many days back.")] = 14,
) -> Figures:
    """Of all instruments; needs a key with the scope `admin`."""
    caller.may("admin")
    with database.reading() as session:
        found, ended = oversight.instruments(session), oversight.days(session, days)
    return Figures(
        instruments=[InstrumentFigures.model_validate(one) for one in found],
        days=[DayFigures.of(day) for day in ended],
    )
