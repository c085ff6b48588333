"""Routes below /api/v1/drift."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from sqlalchemy.orm import Session

from api import problems
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep
from api.drift.schemas import PATH, Drift
from db import drift
from db.errors import DriftUnchanged
from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS

router = APIRouter(prefix=PATH, tags=["drift"])


@router.get("", summary="Get drift", responses=problems.documented(RequestValidationError))
def get_drift(
    database: DatabaseDep,
    owner: OwnerDep,
    windows: Annotated[int, Query(ge=0, le=200, description="Number of windows.")] = 8,
) -> Drift:
    """Return whether the images and results of this instrument are as in its reference.

    The reference is the first 200 jobs, or those since the last acknowledged change. Each 50 jobs after it
    are compared with it; 0.1 false alarms are expected in 10,000 jobs.
    """
    with database.reading() as session:
        return _shown(session, owner, windows)


@router.post("/acknowledge", summary="Acknowledge drift", responses=problems.documented(DriftUnchanged))
def acknowledge_drift(database: DatabaseDep, identity: IdentityDep) -> Drift:
    """Make the present the reference: the jobs since the change, then the next ones up to 200."""
    with database.writing() as session:
        sizes = {"size": WINDOW_JOBS, "reference_jobs": REFERENCE_JOBS}
        drift.acknowledge(session, identity.owner, actor=identity.actor, **sizes)
        return _shown(session, identity.owner, 8)


def _shown(session: Session, owner: str, windows: int) -> Drift:
    row = drift.state(session, owner)
    features = drift.changed_features(session, row) if row is not None else []
    examples = drift.existing(session, owner, None if row is None else row.examples)
    return Drift.of(row, features, examples, drift.windows(session, owner, windows))
