"""/api/v1/events and /api/v1/registrations/ID/events: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from api import problems
from api.access import StillDep
from api.dependencies import BulletinDep, DatabaseDep, OwnerDep
from api.errors import NothingMore
from api.events.bulletin import Bulletin
from api.times import Time
from db import events, jobs
from db.engine import Database
from db.errors import RegistrationNotFound
from db.rows import ENDED, EventRow

router = APIRouter(prefix="/api/v1", tags=["events"])
LARGEST = 2**63 - 1
ASKED_AGAIN_S = 5.0  # whether whoever listens still may, where nothing happens


class Event(BaseModel):
    """A registration has come to this state."""

    registration_id: str
    batch_id: str | None
    state: str
    attempt: int
    at: Time


async def _after(
    last_event_id: Annotated[
        int | None, Header(ge=0, le=LARGEST, description="`id` of the last event that was seen.")
    ] = None,
    after: Annotated[int | None, Query(ge=0, le=LARGEST, description="The same, without headers.")] = None,
) -> int | None:
    return last_event_id if last_event_id is not None else after


AfterDep = Annotated[int | None, Depends(_after)]


@router.get(
    "/events",
    summary="Watch all registrations",
    response_class=EventSourceResponse,
    responses=problems.documented(RequestValidationError),
)
async def watch_all(
    database: DatabaseDep, bulletin: BulletinDep, owner: OwnerDep, after: AfterDep, still: StillDep
) -> AsyncIterator[ServerSentEvent]:
    """From now on, or from the event after `Last-Event-ID`, until the client hangs up or may no more."""
    if after is None:
        after = await run_in_threadpool(_last, database)
    async for event in _from(after, database, bulletin, still, owner=owner):
        yield _sent(event)


def _check(registration_id: str, database: DatabaseDep, owner: OwnerDep, after: AfterDep) -> None:
    with database.reading() as session:
        row = jobs.get(session, registration_id, owner)
        seen_all = not events.after(session, after or 0, registration_id=registration_id, limit=1)
    if row.state in ENDED and seen_all:
        raise NothingMore


@router.get(
    "/registrations/{registration_id}/events",
    summary="Watch one registration",
    response_class=EventSourceResponse,
    responses=problems.documented(RegistrationNotFound, RequestValidationError)
    | {204: {"description": "It has ended, and that was seen"}},
    dependencies=[Depends(_check)],
)
async def watch_one(
    registration_id: str, database: DatabaseDep, bulletin: BulletinDep, after: AfterDep, still: StillDep
) -> AsyncIterator[ServerSentEvent]:
    """From its beginning, or from the event after `Last-Event-ID`, to its end."""
    async for event in _from(after or 0, database, bulletin, still, registration_id=registration_id):
        yield _sent(event)
        if event.state in ENDED:
            return


async def _from(
    seen: int, database: Database, bulletin: Bulletin, still: Callable[[], Awaitable[bool]], **whose: str
) -> AsyncIterator[EventRow]:
    """What has happened since ``seen``, then what happens, for as long as whoever asked may know."""
    async with bulletin.reading(**whose) as news:
        while missed := await run_in_threadpool(_missed, database, seen, whose):
            for event in missed:
                yield event
            seen = missed[-1].seq
        while await still():
            try:
                event = await asyncio.wait_for(news.get(), ASKED_AGAIN_S)
            except TimeoutError:
                continue
            if event.seq > seen and await still():
                seen = event.seq
                yield event


def _missed(database: Database, seen: int, whose: dict[str, str]) -> list[EventRow]:
    with database.reading() as session:
        return events.after(session, seen, **whose)


def _last(database: Database) -> int:
    with database.reading() as session:
        return events.last(session)


def _sent(event: EventRow) -> ServerSentEvent:
    data = Event.model_validate(event, from_attributes=True)
    return ServerSentEvent(event="registration", id=str(event.seq), data=data)
