"""Routes below /api/v1/series."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from anyio import from_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging, problems
from api.authentication import CallerDep
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep, StoreDep
from api.errors import CursorInvalid
from api.idempotency import IdempotencyDep
from api.images import choice
from api.images.choice import Choice
from api.paging import CursorQuery, LimitQuery
from api.series.reference import read
from api.series.schemas import PATH, Series, SeriesPage, SeriesRequest
from api.series.trackers import Trackers
from db import images, pages, series
from db.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    ImageNotFound,
    ObjectAltered,
    ObjectMissing,
    SeriesNotFound,
)
from db.rows import SeriesFrameRow, SeriesRow
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, ImageUnusable

router = APIRouter(prefix=PATH, tags=["series"])


@router.post(
    "",
    status_code=201,
    summary="Create series",
    responses=problems.documented(
        *(ImageNotFound, ImageChoiceNeeded, ImageUnreadable, ImageUnusable, ObjectAltered, ObjectMissing),
        *(RequestValidationError, IdempotencyKeyReused, IdempotencyKeyInFlight),
    ),
)
def create_series(
    body: SeriesRequest,
    request: Request,
    caller: CallerDep,
    database: DatabaseDep,
    store: StoreDep,
    idempotency: IdempotencyDep,
    response: Response,
) -> Series:
    """Begin a series whose frames are compared with a reference image that is uploaded already."""
    with database.reading() as session:
        image = images.get(session, body.reference_image_id, caller.owner)
    new = body.stored()
    wanted = Choice(new.reference_channel, new.reference_frame)
    choice.check(image, wanted)
    read(image, wanted, store)

    def add(session: Session) -> Series:
        row = series.create(
            session, new, owner=caller.owner, actor=caller.actor, instrument=caller.instrument
        )
        return Series.of(row, None)

    created = Series(**idempotency.run(body, add))
    trackers = cast(Trackers, request.app.state.trackers)
    from_thread.run(trackers.prepare, created.id, caller.owner)
    response.headers["Location"] = created.links.self
    return created


@router.get("", summary="List series", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_series(
    database: DatabaseDep,
    owner: OwnerDep,
    state: Annotated[Literal["recording", "finished"] | None, Query()] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> SeriesPage:
    """Return the series, newest first."""
    query = select(SeriesRow).where(SeriesRow.owner == owner)
    if state is not None:
        query = query.where(SeriesRow.state == state)
    with database.reading() as session:
        rows, more = pages.page(session, query, SeriesRow, limit, paging.decode(cursor))
        items = [Series.of(row, _latest(session, row.id)) for row in rows]
    return SeriesPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.get("/{series_id}", summary="Get series", responses=problems.documented(SeriesNotFound))
def get_series(series_id: str, database: DatabaseDep, owner: OwnerDep) -> Series:
    """Return the counts of the frames, and the newest position."""
    with database.reading() as session:
        row = series.get(session, series_id, owner)
        return Series.of(row, _latest(session, row.id))


@router.post("/{series_id}/finish", summary="Finish series", responses=problems.documented(SeriesNotFound))
def finish_series(series_id: str, request: Request, database: DatabaseDep, identity: IdentityDep) -> Series:
    """End the series: no frame can be appended any more. A series without frames for a day ends by itself."""
    with database.writing() as session:
        series.get(session, series_id, identity.owner)
        row = series.finish(session, series_id, identity.actor)
        ended = Series.of(row, _latest(session, series_id))
    cast(Trackers, request.app.state.trackers).forget(series_id)
    return ended


@router.delete(
    "/{series_id}", status_code=204, summary="Delete series", responses=problems.documented(SeriesNotFound)
)
def delete_series(series_id: str, request: Request, database: DatabaseDep, identity: IdentityDep) -> None:
    """Delete the series with the positions of its frames; the audit log keeps what was found."""
    with database.writing() as session:
        series.get(session, series_id, identity.owner)
        series.remove(session, series_id, identity.actor)
    cast(Trackers, request.app.state.trackers).forget(series_id)


def _latest(session: Session, series_id: str) -> SeriesFrameRow | None:
    return next(iter(series.newest(session, series_id, 1)), None)
