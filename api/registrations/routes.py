"""/api/v1/registrations"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging, problems
from api.access import Caller, CallerDep
from api.dependencies import BulletinDep, DatabaseDep, OwnerDep, RequestIdDep, WhoDep
from api.errors import CursorInvalid, NotFinished, UploadTooLarge
from api.events.bulletin import Bulletin
from api.paging import CursorQuery, LimitQuery
from api.registrations.chosen import Chosen
from api.registrations.example import PATH
from api.registrations.schemas import NewRegistration, Registration, RegistrationPage
from api.repeats import RepeatsDep, WaitDep, until_ended
from db import jobs, keys, pages
from db.engine import Database
from db.errors import ImageNotFound, KeyInFlight, KeyReused, RegistrationEnded, RegistrationNotFound
from db.rows import ENDED, RegistrationRow
from xebra.errors import NetworkUnknown
from xebra.weights import weights

if TYPE_CHECKING:
    from api.batches.schemas import NewBatch

router = APIRouter(prefix=PATH, tags=["registrations"])


@router.post(
    "",
    status_code=202,
    summary="Register a pair",
    responses=problems.documented(
        UploadTooLarge, ImageNotFound, RequestValidationError, NetworkUnknown, KeyReused, KeyInFlight
    )
    | {200: {"description": "It has ended within the time of `Prefer: wait`", "model": Registration}},
)
async def submit(
    body: NewRegistration,
    database: DatabaseDep,
    bulletin: BulletinDep,
    caller: CallerDep,
    repeats: RepeatsDep,
    wait_s: WaitDep,
    request_id: RequestIdDep,
    response: Response,
) -> Registration:
    """Accepted means remembered: the job will end exactly once, whatever is restarted in between."""

    def accept(session: Session) -> Registration:
        keys.check_waiting(session, caller.instrument, 1)
        who = {"actor": caller.actor, "owner": caller.owner}
        return Registration.of(jobs.submit(session, body.wish(), request_id=request_id, **who))

    check_wish(body, caller)
    job = Registration(**await run_in_threadpool(repeats.once, body, accept))
    if wait_s:
        job = await _ended(job, database, bulletin, wait_s)
        response.headers["Preference-Applied"] = f"wait={wait_s:.0f}"
        response.status_code = 200 if job.state in ENDED else 202
    response.headers["Location"] = job.links.self
    return job


@router.get(
    "", summary="List registrations", responses=problems.documented(RequestValidationError, CursorInvalid)
)
def list_registrations(
    database: DatabaseDep,
    owner: OwnerDep,
    chosen: Annotated[Chosen, Query()],
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> RegistrationPage:
    """Newest first, all of them or those that are asked for."""
    query = chosen.among(select(RegistrationRow).where(RegistrationRow.owner == owner))
    query = query.options(*jobs.WHOLE)
    with database.reading() as session:
        rows, more = pages.page(session, query, RegistrationRow, limit, paging.decode(cursor))
    items = [Registration.of(row) for row in rows]
    return RegistrationPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.get("/{registration_id}", summary="Watch one", responses=problems.documented(RegistrationNotFound))
def get(registration_id: str, database: DatabaseDep, owner: OwnerDep) -> Registration:
    """Its state and, once it has succeeded, its result."""
    return Registration.of(_row(registration_id, database, owner))


@router.delete(
    "/{registration_id}",
    summary="Cancel one",
    responses=problems.documented(RegistrationNotFound, RegistrationEnded),
)
def cancel(registration_id: str, database: DatabaseDep, who: WhoDep) -> Registration:
    """It ends at once; a worker that is on it stops at its next step."""
    with database.writing() as session:
        return Registration.of(jobs.cancel(session, registration_id, **vars(who)))


def check_wish(body: NewRegistration | NewBatch, caller: Caller) -> None:
    """Fill in the instrument's network; raise where there is no such network, or no right to go first."""
    if body.network is None and caller.instrument is not None:
        body.network = caller.instrument.network
    weights(body.network)
    if body.priority == "collection":
        caller.may("collect")


async def _ended(job: Registration, database: Database, bulletin: Bulletin, wait_s: float) -> Registration:
    """The registration once it has ended, or as it is when the time is over."""

    def state() -> str:
        with database.reading() as session:
            return jobs.state(session, job.id)

    async def has_ended() -> bool:
        return await run_in_threadpool(state) in ENDED

    await until_ended(bulletin, job.id, wait_s, has_ended)
    return Registration.of(await run_in_threadpool(_row, job.id, database))


def _row(registration_id: str, database: Database, owner: str | None = None) -> RegistrationRow:
    with database.reading() as session:
        return jobs.get(session, registration_id, owner)


def succeeded(registration_id: str, database: DatabaseDep, owner: OwnerDep) -> RegistrationRow:
    """The registration, if it has a result; raises ``NotFinished``."""
    row = _row(registration_id, database, owner)
    if row.result is None:
        raise NotFinished(f"registration {registration_id} is {row.state}; only success brings a result")
    return row


SucceededDep = Annotated[RegistrationRow, Depends(succeeded)]
