"""/api/v1/administration: usage of the service by its instruments."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.authentication import CallerDep
from api.dependencies import DatabaseDep
from api.times import Time
from db import usage

PATH = "/api/v1/administration"
router = APIRouter(prefix=PATH, tags=["administration"])


class InstrumentUsage(BaseModel):
    """The images and jobs of one instrument."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    since: Time | None = Field(description="Time at which the instrument was added.")
    images: int
    image_bytes: int
    waiting: int = Field(description="Queued jobs.")
    oldest_waiting_s: float
    running: int
    last_submitted: Time | None


class DayUsage(BaseModel):
    """The outcomes of the jobs that one instrument submitted on one day."""

    day: datetime.date = Field(description="UTC.")
    instrument: str
    ended: int
    accepted: int
    to_review: int
    refused: int
    failed: int
    cancelled: int
    refusal_rate: float | None = Field(description="Refused jobs as a fraction of those with a result.")

    @classmethod
    def of(cls, day: usage.Day) -> DayUsage:
        """Return the usage of a day."""
        count = day.outcomes.get
        verdicts = [count("accept", 0), count("review", 0), count("refuse", 0)]
        return cls(
            day=day.day,
            instrument=day.instrument,
            ended=sum(day.outcomes.values()),
            accepted=verdicts[0],
            to_review=verdicts[1],
            refused=verdicts[2],
            failed=count("failed", 0),
            cancelled=count("cancelled", 0),
            refusal_rate=verdicts[2] / sum(verdicts) if any(verdicts) else None,
        )


class Usage(BaseModel):
    """All instruments, and the outcomes of the last days."""

    instruments: list[InstrumentUsage]
    days: list[DayUsage]


@router.get("", summary="Get usage statistics", responses=problems.documented(RequestValidationError))
def get_usage(
    caller: CallerDep,
    database: DatabaseDep,
    days: Annotated[int, Query(ge=1, le=90, description="Number of days.")] = 14,
) -> Usage:
    """Return the usage by all instruments. Requires an API key with the scope `admin`."""
    caller.require("admin")
    with database.reading() as session:
        instruments, by_day = usage.instruments(session), usage.days(session, days)
    return Usage(
        instruments=[InstrumentUsage.model_validate(one) for one in instruments],
        days=[DayUsage.of(day) for day in by_day],
    )
