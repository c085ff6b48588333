"""Routes below /api/v1/registrations."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging, problems
from api.authentication import CallerDep
from api.dependencies import BroadcasterDep, DatabaseDep, IdentityDep, OwnerDep, RequestIdDep, WakeUpsDep
from api.errors import CursorInvalid, NoResult, UploadTooLarge
from api.idempotency import IdempotencyDep
from api.paging import CursorQuery, LimitQuery
from api.prefer_wait import WaitDep, wait_until_ended
from api.registrations import masks
from api.registrations.example import PATH
from api.registrations.filters import RegistrationFilters
from api.registrations.schemas import NewRegistration, Registration, RegistrationPage
from api.registrations.validation import apply_defaults, check_choices
from db import jobs, keys, pages
from db.engine import Database
from db.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    ImageNotFound,
    RegistrationEnded,
    RegistrationNotFound,
)
from db.rows import FINAL_STATES, RegistrationRow, ResultRow
from xebra.errors import ImageChoiceNeeded, ImageUnreadable, MaskInvalid, NetworkUnknown

router = APIRouter(prefix=PATH, tags=["registrations"])


@router.post(
    "",
    status_code=202,
    summary="Create registration",
    responses=problems.documented(
        *(UploadTooLarge, ImageNotFound, RequestValidationError, NetworkUnknown),
        *(ImageChoiceNeeded, ImageUnreadable, MaskInvalid),
        *(IdempotencyKeyReused, IdempotencyKeyInFlight),
    )
    | {
        200: {
            "description": "The registration has ended within the `Prefer: wait` time",
            "model": Registration,
        }
    },
)
async def create_registration(
    body: NewRegistration,
    database: DatabaseDep,
    broadcaster: BroadcasterDep,
    caller: CallerDep,
    idempotency: IdempotencyDep,
    wait_s: WaitDep,
    request_id: RequestIdDep,
    wake_ups: WakeUpsDep,
    response: Response,
) -> Registration:
    """Submit a pair. An accepted registration is stored durably and ends exactly once."""
    request, published = body.request(apply_defaults(body, caller)), wake_ups.ready()

    def accept(session: Session) -> Registration:
        known = check_choices(session, [request], caller.owner)
        keys.check_queue_quota(session, caller.instrument, 1)
        masks.check(session, [request], caller.owner)
        whose = {"actor": caller.actor, "owner": caller.owner, "request_id": request_id}
        return Registration.of(jobs.submit(session, request, **whose, published=published, known=known))

    def submit() -> dict[str, Any]:
        accepted = idempotency.run(body, accept)
        if published:
            wake_ups.send(accepted["id"])
        return accepted

    if wait_s:
        async with broadcaster.subscribe(
            owner=caller.owner, ends_only=True
        ) as changes:  # before the job can end
            job_id = (await run_in_threadpool(submit))["id"]
            repeated = idempotency.key is not None and await run_in_threadpool(_ended, job_id, database)
            if not repeated:
                await wait_until_ended(changes, job_id, wait_s)
        job = Registration.of(await run_in_threadpool(_row, job_id, database))
        response.headers["Preference-Applied"] = f"wait={wait_s:.0f}"
        response.status_code = 200 if job.state in FINAL_STATES else 202
    else:
        job = Registration(**await run_in_threadpool(submit))
    response.headers["Location"] = job.links.self
    return job


@router.get(
    "", summary="List registrations", responses=problems.documented(RequestValidationError, CursorInvalid)
)
def list_registrations(
    database: DatabaseDep,
    owner: OwnerDep,
    filters: Annotated[RegistrationFilters, Query()],
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> RegistrationPage:
    """Return the registrations that match the filters, newest first."""
    query = filters.apply(select(RegistrationRow).where(RegistrationRow.owner == owner))
    query = query.options(*jobs.WITH_RELATED)
    with database.reading() as session:
        rows, more = pages.page(session, query, RegistrationRow, limit, paging.decode(cursor))
    items = [Registration.of(row) for row in rows]
    return RegistrationPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.get(
    "/{registration_id}", summary="Get registration", responses=problems.documented(RegistrationNotFound)
)
def get_registration(registration_id: str, database: DatabaseDep, owner: OwnerDep) -> Registration:
    """Return its state and, if it has succeeded, its result."""
    return Registration.of(_row(registration_id, database, owner))


@router.delete(
    "/{registration_id}",
    summary="Cancel registration",
    responses=problems.documented(RegistrationNotFound, RegistrationEnded),
)
def cancel_registration(registration_id: str, database: DatabaseDep, identity: IdentityDep) -> Registration:
    """Cancel it at once; a worker that is processing it stops at its next step."""
    with database.writing() as session:
        return Registration.of(jobs.cancel(session, registration_id, **vars(identity)))


def _ended(registration_id: str, database: Database) -> bool:
    """Return whether a registration has ended; a repeated request may return an old one."""
    with database.querying() as session:
        return jobs.state(session, registration_id) in FINAL_STATES


def _row(registration_id: str, database: Database, owner: str | None = None) -> RegistrationRow:
    with database.querying() as session:
        return jobs.get(session, registration_id, owner)


def _succeeded(registration_id: str, database: DatabaseDep, owner: OwnerDep) -> RegistrationRow:
    """Return a registration that has a result.

    Raises:
        RegistrationNotFound: there is no such registration of this owner.
        NoResult: the registration has not succeeded.
    """
    row = _row(registration_id, database, owner)
    if row.result is None:
        raise NoResult(f"registration {registration_id} is {row.state}; only a succeeded one has a result")
    return row


SucceededDep = Annotated[RegistrationRow, Depends(_succeeded)]


def _result(row: SucceededDep) -> ResultRow:
    assert row.result is not None  # checked by _succeeded
    return row.result


ResultDep = Annotated[ResultRow, Depends(_result)]
