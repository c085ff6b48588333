"""/api/v1/events and /api/v1/registrations/ID/events: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.authentication import StillAuthorizedDep
from api.dependencies import BroadcasterDep, DatabaseDep, OwnerDep
from api.errors import StreamEnded, TooManyStreams
from api.events.broadcaster import EventBroadcaster
from api.events.slots import StreamSlot
from api.times import Time
from db import events, jobs
from db.engine import Database
from db.errors import RegistrationNotFound
from db.rows import FINAL_STATES, EventRow

router = APIRouter(prefix="/api/v1", tags=["events"])
MAX_SEQ = 2**63 - 1
AT_ONCE = 100  # stored events that a stream reads in one query
AUTHORIZATION_CHECK_S = 5.0  # interval of the check of the credentials while there are no events


class Event(BaseModel):
    """A state change of a registration."""

    registration_id: str
    batch_id: str | None
    state: str
    attempt: int
    at: Time


class SeriesEvent(BaseModel):
    """Further frames of a series were audited, or the series has ended."""

    series_id: str
    state: str
    frames: int
    at: Time


class NetworkEvent(BaseModel):
    """A version of the network of the instrument has changed its state, or its adaptation goes on."""

    network_id: str
    state: str
    at: Time


class DriftEvent(BaseModel):
    """The jobs of the instrument differ from its reference, no longer do, or that was acknowledged."""

    model_config = ConfigDict(extra="ignore")

    state: str
    window: int = Field(description="Number of the window of jobs, as in `GET /api/v1/drift`.")
    features: list[str] = Field(description="What differs, the most changed feature first.")
    examples: dict[str, list[str]] | None = Field(None, description="Registrations `before` and `after`.")
    at: Time


async def _after(
    last_event_id: Annotated[
        int | None, Header(ge=0, le=MAX_SEQ, description="`id` of the last received event.")
    ] = None,
    after: Annotated[
        int | None, Query(ge=0, le=MAX_SEQ, description="The same as a query parameter.")
    ] = None,
) -> int | None:
    return last_event_id if last_event_id is not None else after


AfterDep = Annotated[int | None, Depends(_after)]


@router.get(
    "/events",
    summary="Stream events",
    response_class=EventSourceResponse,
    responses=problems.documented(RequestValidationError, TooManyStreams),
    dependencies=[StreamSlot],
)
async def stream_events(
    database: DatabaseDep,
    broadcaster: BroadcasterDep,
    owner: OwnerDep,
    after: AfterDep,
    authorized: StillAuthorizedDep,
) -> AsyncIterator[ServerSentEvent]:
    """Stream events of registrations, series, networks and drift from now on, or after `Last-Event-ID`."""
    if after is None:
        after = await run_in_threadpool(_latest_seq, database)
    async for event in _stream(after, database, broadcaster, authorized, owner=owner):
        yield _server_sent(event)


def _check(registration_id: str, database: DatabaseDep, owner: OwnerDep, after: AfterDep) -> None:
    with database.reading() as session:
        row = jobs.get(session, registration_id, owner)
        complete = not events.after(session, after or 0, registration_id=registration_id, limit=1)
    if row.state in FINAL_STATES and complete:
        raise StreamEnded


@router.get(
    "/registrations/{registration_id}/events",
    summary="Stream registration events",
    response_class=EventSourceResponse,
    responses=problems.documented(RegistrationNotFound, RequestValidationError, TooManyStreams)
    | {204: {"description": "The registration has ended and all its events were received"}},
    dependencies=[Depends(_check), StreamSlot],
)
async def stream_registration_events(
    registration_id: str,
    database: DatabaseDep,
    broadcaster: BroadcasterDep,
    after: AfterDep,
    authorized: StillAuthorizedDep,
) -> AsyncIterator[ServerSentEvent]:
    """Stream the events of one registration, all or those after `Last-Event-ID`, until it has ended."""
    async for event in _stream(
        after or 0, database, broadcaster, authorized, registration_id=registration_id
    ):
        yield _server_sent(event)
        if event.state in FINAL_STATES:
            return


async def _stream(
    seen: int,
    database: Database,
    broadcaster: EventBroadcaster,
    authorized: Callable[[], Awaitable[bool]],
    *,
    owner: str | None = None,
    registration_id: str | None = None,
) -> AsyncIterator[EventRow]:
    """Return the stored events after ``seen``, then new events, while the caller is authorized."""

    def stored() -> list[EventRow]:
        with database.reading() as session:
            return events.after(session, seen, owner=owner, registration_id=registration_id, limit=AT_ONCE)

    async with broadcaster.subscribe(owner, registration_id) as queue:
        queue.behind = True
        while await authorized():
            if queue.behind and queue.empty():
                queue.catch_up()
                while await authorized() and (missed := await run_in_threadpool(stored)):
                    for event in missed:
                        await broadcaster.pace.turn(owner)
                        yield event
                    seen = missed[-1].seq
            try:
                event = await asyncio.wait_for(queue.get(), AUTHORIZATION_CHECK_S)
            except TimeoutError:
                continue
            if event.seq > seen and await authorized():
                await broadcaster.pace.turn(owner)
                seen = event.seq
                yield event


def _latest_seq(database: Database) -> int:
    with database.reading() as session:
        return events.latest_seq(session)


def _server_sent(event: EventRow) -> ServerSentEvent:
    if event.series_id is not None:
        series = SeriesEvent.model_validate(event, from_attributes=True)
        return ServerSentEvent(event="series", id=str(event.seq), data=series)
    if event.network_id is not None:
        version = NetworkEvent.model_validate(event, from_attributes=True)
        return ServerSentEvent(event="network", id=str(event.seq), data=version)
    if event.drift is not None:
        change = DriftEvent(state=event.state, at=event.at, **event.drift)
        return ServerSentEvent(event="drift", id=str(event.seq), data=change)
    data = Event.model_validate(event, from_attributes=True)
    return ServerSentEvent(event="registration", id=str(event.seq), data=data)
