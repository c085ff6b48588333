"""/api/v1/batches"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import files, paging, problems
from api.access import CallerDep
from api.batches.archive import archive
from api.batches.schemas import PATH, Batch, BatchPage, NewBatch
from api.dependencies import DatabaseDep, OwnerDep, RequestIdDep, StoreDep, WhoDep
from api.errors import CursorInvalid, UploadTooLarge
from api.paging import CursorQuery, LimitQuery
from api.registrations.routes import check_wish
from api.repeats import RepeatsDep
from db import batches, keys, pages
from db.errors import BatchNotFound, ImageNotFound, KeyInFlight, KeyReused
from db.rows import BatchRow
from xebra.errors import NetworkUnknown

router = APIRouter(prefix=PATH, tags=["batches"])
LARGEST_BATCH = 4 << 20  # bytes; 10,000 pairs of ids take a third of it


@router.post(
    "",
    status_code=202,
    summary="Register many pairs",
    responses=problems.documented(
        UploadTooLarge, ImageNotFound, RequestValidationError, NetworkUnknown, KeyReused, KeyInFlight
    ),
)
def submit(
    body: NewBatch, caller: CallerDep, repeats: RepeatsDep, request_id: RequestIdDep, response: Response
) -> Batch:
    """All pairs are accepted, or none is; each becomes a registration of its own."""

    def accept(session: Session) -> Batch:
        wishes, who = body.wishes(), {"actor": caller.actor, "owner": caller.owner}
        keys.check_waiting(session, caller.instrument, len(wishes))
        row = batches.submit(session, wishes, request_id=request_id, **who)
        return Batch.of(row, batches.states(session, [row.id])[row.id])

    check_wish(body, caller)
    batch = Batch(**repeats.once(body, accept))
    response.headers["Location"] = batch.links.self
    return batch


@router.get("", summary="List batches", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_batches(
    database: DatabaseDep, owner: OwnerDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> BatchPage:
    """Newest first."""
    query = select(BatchRow).where(BatchRow.owner == owner)
    with database.reading() as session:
        rows, more = pages.page(session, query, BatchRow, limit, paging.decode(cursor))
        counted = batches.states(session, [row.id for row in rows])
    items = [Batch.of(row, counted[row.id]) for row in rows]
    return BatchPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.get("/{batch_id}", summary="Watch one", responses=problems.documented(BatchNotFound))
def get(batch_id: str, database: DatabaseDep, owner: OwnerDep) -> Batch:
    """How many of its registrations are in which state."""
    with database.reading() as session:
        row = batches.get(session, batch_id, owner)
        return Batch.of(row, batches.states(session, [row.id])[row.id])


@router.delete("/{batch_id}", summary="Cancel the rest", responses=problems.documented(BatchNotFound))
def cancel(batch_id: str, database: DatabaseDep, who: WhoDep) -> Batch:
    """What has ended keeps its result."""
    with database.writing() as session:
        row = batches.get(session, batch_id, who.owner)
        batches.cancel(session, row, actor=who.actor)
        return Batch.of(row, batches.states(session, [row.id])[row.id])


@router.get(
    "/{batch_id}/results",
    summary="Take all results home",
    response_class=StreamingResponse,
    responses=problems.documented(BatchNotFound, RequestValidationError)
    | files.documented("application/zip"),
)
def results(
    batch_id: str,
    database: DatabaseDep,
    store: StoreDep,
    owner: OwnerDep,
    images: Annotated[bool, Query(description="With the registered images.")] = False,
) -> StreamingResponse:
    """ZIP: `results.csv` with a line for each registration, their results as JSON, on wish the images."""
    with database.reading() as session:
        row = batches.get(session, batch_id, owner)
    headers = {"Content-Disposition": f'attachment; filename="batch-{row.id}.zip"'}
    pieces = archive(row.id, database, store if images else None)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
