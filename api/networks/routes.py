"""Routes below /api/v1/networks."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging, problems
from api.authentication import CallerDep
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep
from api.errors import CursorInvalid
from api.idempotency import IdempotencyDep
from api.networks.schemas import (
    PATH,
    ComparedVersion,
    Comparison,
    NetworkPage,
    NetworkVersion,
    NewAdaptation,
    Rollback,
    VerdictCount,
)
from api.paging import CursorQuery, LimitQuery
from db import adaptations, comparisons, networks, pages
from db.errors import (
    AdaptationRunning,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    LabelsTooFew,
    NetworkNotAcceptable,
    NetworkStateInvalid,
    NetworkVersionNotFound,
    NoActiveNetwork,
)
from db.rows import NetworkRow
from xebra.weights import weights

router = APIRouter(prefix=PATH, tags=["networks"])
CHANGE_ERRORS = problems.documented(NetworkVersionNotFound, NetworkStateInvalid)


async def require_networks(caller: CallerDep) -> None:
    """Raise ``ScopeMissing`` unless the caller may change labels and networks."""
    caller.require("networks")


MayChange = Depends(require_networks)


@router.get(
    "", summary="List network versions", responses=problems.documented(RequestValidationError, CursorInvalid)
)
def list_networks(
    database: DatabaseDep, owner: OwnerDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> NetworkPage:
    """Return the versions of the network of this instrument, newest first, adaptations included.

    Without an active version the bundled network answers.
    """
    query = select(NetworkRow).where(NetworkRow.owner == owner)
    with database.reading() as session:
        rows, more = pages.page(session, query, NetworkRow, limit, paging.decode(cursor))
    items = [NetworkVersion.of(row) for row in rows]
    return NetworkPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.post(
    "",
    status_code=202,
    summary="Create network version",
    responses=problems.documented(
        *(LabelsTooFew, AdaptationRunning, NetworkVersionNotFound, NetworkStateInvalid),
        *(RequestValidationError, IdempotencyKeyReused, IdempotencyKeyInFlight),
    ),
    dependencies=[MayChange],
)
def create_network(
    body: NewAdaptation, identity: IdentityDep, idempotency: IdempotencyDep, response: Response
) -> NetworkVersion:
    """Adapt the network of this instrument to its labels; registrations go on meanwhile.

    The version is a `candidate` at the end: compare it, try it in shadow mode, promote it. A `failed` one has
    the reason in `message`. Requires an API key with the scope `networks`.
    """

    def submit(session: Session) -> NetworkVersion:
        return NetworkVersion.of(adaptations.submit(session, **vars(identity), **vars(body)))

    created = NetworkVersion(**idempotency.run(body, submit))
    response.headers["Location"] = f"{PATH}/{created.id}"
    return created


@router.delete(
    "/{network_id}",
    summary="Cancel adaptation",
    responses=CHANGE_ERRORS,
    dependencies=[MayChange],
)
def cancel_adaptation(network_id: str, database: DatabaseDep, identity: IdentityDep) -> NetworkVersion:
    """Cancel an adaptation that has not ended; its worker stops within seconds.

    Requires an API key with the scope `networks`.
    """
    with database.writing() as session:
        return NetworkVersion.of(adaptations.cancel(session, network_id, **vars(identity)))


@router.get(
    "/{network_id}", summary="Get network version", responses=problems.documented(NetworkVersionNotFound)
)
def get_network(network_id: str, database: DatabaseDep, owner: OwnerDep) -> ComparedVersion:
    """Return a version with its scores, and with the counts of its answers in shadow mode."""
    with database.reading() as session:
        row = networks.get(session, network_id, owner)
        jobs, agree, counts = comparisons.summary(session, row.id)
    verdicts = [VerdictCount(shown=a, shadow=b, jobs=number) for (a, b), number in sorted(counts.items())]
    changed = sum(count.jobs for count in verdicts if count.shown != count.shadow)
    comparison = Comparison(jobs=jobs, agree=agree, verdict_changed=changed, verdicts=verdicts)
    return ComparedVersion(**vars(NetworkVersion.of(row)), comparison=comparison)


@router.post(
    "/{network_id}/promote",
    summary="Promote network version",
    responses=problems.documented(NetworkVersionNotFound, NetworkStateInvalid, NetworkNotAcceptable),
    dependencies=[MayChange],
)
def promote_network(network_id: str, database: DatabaseDep, identity: IdentityDep) -> NetworkVersion:
    """Have a version answer the jobs of this instrument from now on.

    It is refused where its adaptation is not acceptable, where the share of right answers of the fixed
    benchmark falls by more than 0.03, or where a certificate of its parent is lost. Running jobs end with the
    version that they began with. Requires an API key with the scope `networks`.
    """
    with database.writing() as session:
        about = {"bundled": weights().certificate, **vars(identity)}
        return NetworkVersion.of(networks.promote(session, network_id, **about))


@router.post(
    "/{network_id}/shadow",
    summary="Shadow network version",
    responses=CHANGE_ERRORS,
    dependencies=[MayChange],
)
def shadow_network(network_id: str, database: DatabaseDep, identity: IdentityDep) -> NetworkVersion:
    """Have a version answer beside the active one, after the result is stored and without being shown.

    One version at a time does so; `comparison` counts where its answers differ. Requires an API key with the
    scope `networks`.
    """
    with database.writing() as session:
        return NetworkVersion.of(networks.shadow(session, network_id, **vars(identity)))


@router.post(
    "/{network_id}/retire",
    summary="Retire network version",
    responses=CHANGE_ERRORS,
    dependencies=[MayChange],
)
def retire_network(network_id: str, database: DatabaseDep, identity: IdentityDep) -> NetworkVersion:
    """Take a candidate, or the version in shadow mode, out of use; old jobs can be replayed with it.

    Requires an API key with the scope `networks`.
    """
    with database.writing() as session:
        return NetworkVersion.of(networks.retire(session, network_id, **vars(identity)))


@router.post(
    "/rollback",
    summary="Roll back network",
    responses=problems.documented(NoActiveNetwork, NetworkVersionNotFound),
    dependencies=[MayChange],
)
def roll_back_network(database: DatabaseDep, identity: IdentityDep) -> Rollback:
    """Have the version answer that did before the last promotion, at the end the bundled network.

    Requires an API key with the scope `networks`.
    """
    with database.writing() as session:
        row = networks.rollback(session, identity.owner, actor=identity.actor)
    return Rollback(active_id=row.id if row else None)
