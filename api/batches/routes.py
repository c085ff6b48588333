"""Routes below /api/v1/batches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import files, paging, problems
from api.authentication import CallerDep, RateLimiterDep
from api.batches.archive import Contents, archive
from api.batches.schemas import PATH, Batch, BatchPage, NewBatch
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep, RequestIdDep, StoreDep
from api.errors import CursorInvalid, UploadTooLarge
from api.idempotency import IdempotencyDep
from api.paging import CursorQuery, LimitQuery
from api.registrations import masks
from api.registrations.validation import apply_defaults, check_choices
from db import batches, keys, pages
from db.errors import BatchNotFound, IdempotencyKeyInFlight, IdempotencyKeyReused, ImageNotFound
from db.rows import BatchRow
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, MaskInvalid, NetworkUnknown
from xebra.transform_files import Format

router = APIRouter(prefix=PATH, tags=["batches"])
MAX_BODY_BYTES = 4 << 20  # 10,000 pairs of ids take a third of it


@router.post(
    "",
    status_code=202,
    summary="Create batch",
    responses=problems.documented(
        *(UploadTooLarge, ImageNotFound, RequestValidationError, NetworkUnknown),
        *(ImageChoiceNeeded, ImageUnreadable, MaskInvalid),
        *(IdempotencyKeyReused, IdempotencyKeyInFlight),
    ),
)
async def create_batch(
    body: NewBatch,
    caller: CallerDep,
    rate_limiter: RateLimiterDep,
    idempotency: IdempotencyDep,
    request_id: RequestIdDep,
    response: Response,
) -> Batch:
    """Submit many pairs. Either all pairs are accepted or none; each becomes a registration."""
    network = apply_defaults(body, caller)
    if caller.instrument is not None:
        await rate_limiter.check_jobs(caller.owner, body.size)
    requests = await run_in_threadpool(body.requests, network)

    def accept(session: Session) -> Batch:
        check_choices(session, requests, caller.owner)
        keys.check_queue_quota(session, caller.instrument, len(requests))
        masks.check(session, requests, caller.owner)
        row = batches.submit(session, requests, owner=caller.owner, actor=caller.actor, request_id=request_id)
        return Batch.of(row, batches.states(session, [row.id])[row.id])

    batch = Batch(**await run_in_threadpool(idempotency.run, body, accept))
    response.headers["Location"] = batch.links.self
    return batch


@router.get("", summary="List batches", responses=problems.documented(RequestValidationError, CursorInvalid))
def list_batches(
    database: DatabaseDep, owner: OwnerDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> BatchPage:
    """Return the batches, newest first."""
    query = select(BatchRow).where(BatchRow.owner == owner)
    with database.reading() as session:
        rows, more = pages.page(session, query, BatchRow, limit, paging.decode(cursor))
        counts = batches.states(session, [row.id for row in rows])
    items = [Batch.of(row, counts[row.id]) for row in rows]
    return BatchPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.get("/{batch_id}", summary="Get batch", responses=problems.documented(BatchNotFound))
def get_batch(batch_id: str, database: DatabaseDep, owner: OwnerDep) -> Batch:
    """Return the number of its registrations in each state."""
    with database.reading() as session:
        row = batches.get(session, batch_id, owner)
        return Batch.of(row, batches.states(session, [row.id])[row.id])


@router.delete("/{batch_id}", summary="Cancel batch", responses=problems.documented(BatchNotFound))
def cancel_batch(batch_id: str, database: DatabaseDep, identity: IdentityDep) -> Batch:
    """Cancel its unfinished registrations; finished ones keep their results."""
    cancelled = 1
    while cancelled:  # in short transactions, between which others have their turn
        with database.writing() as session:
            row = batches.get(session, batch_id, identity.owner)
            cancelled = batches.cancel(session, row, actor=identity.actor)
    return get_batch(batch_id, database, identity.owner)


@router.get(
    "/{batch_id}/results",
    summary="Download batch results",
    response_class=StreamingResponse,
    responses=problems.documented(BatchNotFound, RequestValidationError)
    | files.documented("application/zip"),
)
def download_batch_results(
    batch_id: str,
    database: DatabaseDep,
    store: StoreDep,
    owner: OwnerDep,
    images: Annotated[bool, Query(description="Include the registered images.")] = False,
    pictures: Annotated[bool, Query(description="Include the figures as PNG; drawing takes time.")] = False,
    transform: Annotated[
        list[Format] | None, Query(description="Include transform files in these formats.", max_length=30)
    ] = None,
) -> StreamingResponse:
    """Return a ZIP archive: `results.csv`, each result as JSON, and further files, named after the images."""
    with database.reading() as session:
        row = batches.get(session, batch_id, owner)
    headers = {"Content-Disposition": f'attachment; filename="batch-{row.id}.zip"'}
    contents = Contents(images, pictures, tuple(dict.fromkeys(transform or ())))
    chunks = archive(row.id, database, store, contents)
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)
