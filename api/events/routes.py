"""/api/v1/events and /api/v1/registrations/ID/events: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError

from api import problems
from api.authentication import StillAuthorizedDep
from api.dependencies import BroadcasterDep, DatabaseDep, OwnerDep
from api.errors import StreamEnded, TooManyStreams
from api.events.broadcaster import EventBroadcaster, EventQueue
from api.events.messages import DOCUMENTED, EventStream, encoded
from api.events.pace import Pace
from api.events.slots import StreamSlot
from db import events, jobs
from db.engine import Database
from db.errors import RegistrationNotFound
from db.rows import FINAL_STATES, EventRow

router = APIRouter(prefix="/api/v1", tags=["events"])
MAX_SEQ = 2**63 - 1
AT_ONCE = 100  # stored events that a stream reads in one query
AUTHORIZATION_CHECK_S = 5.0  # interval of the check of the credentials while there are no events
KEEP_ALIVE_S = 15.0  # without events, after which a comment is sent


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
    response_class=EventStream,
    responses=problems.documented(RequestValidationError, TooManyStreams) | DOCUMENTED,
    dependencies=[StreamSlot],
)
async def stream_events(
    database: DatabaseDep,
    broadcaster: BroadcasterDep,
    owner: OwnerDep,
    after: AfterDep,
    authorized: StillAuthorizedDep,
) -> AsyncIterator[bytes]:
    """Stream events of registrations, series, networks and drift from now on, or after `Last-Event-ID`."""
    if after is None:
        after = await run_in_threadpool(_latest_seq, database)
    async for message in _stream(after, database, broadcaster, authorized, owner=owner):
        yield encoded(message)


def _check(registration_id: str, database: DatabaseDep, owner: OwnerDep, after: AfterDep) -> None:
    with database.reading() as session:
        row = jobs.get(session, registration_id, owner)
        complete = not events.after(session, after or 0, registration_id=registration_id, limit=1)
    if row.state in FINAL_STATES and complete:
        raise StreamEnded


@router.get(
    "/registrations/{registration_id}/events",
    summary="Stream registration events",
    response_class=EventStream,
    responses=problems.documented(RegistrationNotFound, RequestValidationError, TooManyStreams)
    | DOCUMENTED
    | {204: {"description": "The registration has ended and all its events were received"}},
    dependencies=[Depends(_check), StreamSlot],
)
async def stream_registration_events(
    registration_id: str,
    database: DatabaseDep,
    broadcaster: BroadcasterDep,
    after: AfterDep,
    authorized: StillAuthorizedDep,
) -> AsyncIterator[bytes]:
    """Stream the events of one registration, all or those after `Last-Event-ID`, until it has ended."""
    async for message in _stream(
        after or 0, database, broadcaster, authorized, registration_id=registration_id
    ):
        yield encoded(message)
        if any(event.state in FINAL_STATES for event in message):
            return


async def _stream(
    seen: int,
    database: Database,
    broadcaster: EventBroadcaster,
    authorized: Callable[[], Awaitable[bool]],
    *,
    owner: str | None = None,
    registration_id: str | None = None,
) -> AsyncIterator[list[EventRow]]:
    """Return the stored events after ``seen``, then new events, while the caller is authorized.

    Each message has the events that there are when it is its turn; an empty one keeps the connection open.
    """

    def stored() -> list[EventRow]:
        with database.queries.connect() as connection:  # a session would cost three times as much
            return events.after(connection, seen, owner, registration_id, AT_ONCE)

    quiet_s = 0.0
    async with broadcaster.subscribe(owner, registration_id) as queue:
        queue.behind = True
        while await authorized():
            if queue.behind and queue.empty():
                queue.catch_up()
                while await authorized() and (missed := await run_in_threadpool(stored)):
                    await broadcaster.pace.turn(owner, len(missed))
                    yield missed
                    seen, quiet_s = missed[-1].seq, 0.0
            message = await _next(queue, owner, broadcaster.pace, seen)
            quiet_s = 0.0 if message else quiet_s + AUTHORIZATION_CHECK_S
            if message and await authorized():
                seen = message[-1].seq
                yield message
            elif quiet_s >= KEEP_ALIVE_S:
                quiet_s = 0.0
                yield []


async def _next(queue: EventQueue, owner: str | None, pace: Pace, seen: int) -> list[EventRow]:
    """Return the events of the next message, none if there are none for a while."""
    try:
        async with asyncio.timeout(AUTHORIZATION_CHECK_S):
            found = [await queue.get()]
    except TimeoutError:
        return []
    await pace.turn(owner)
    while not queue.empty() and len(found) < AT_ONCE:  # what has come in the meantime
        found.append(queue.get_nowait())
    pace.charge(owner, len(found) - 1)
    return [event for event in found if event.seq > seen]


def _latest_seq(database: Database) -> int:
    with database.reading() as session:
        return events.latest_seq(session)
