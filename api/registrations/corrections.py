"""/api/v1/registrations/ID/corrections: manual corrections of the transform."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api import problems
from api.dependencies import DatabaseDep, IdentityDep
from api.errors import NoResult
from api.idempotency import IdempotencyDep
from api.registrations.example import PATH, RESULT
from api.registrations.result import Matrix
from api.registrations.routes import SucceededDep
from api.times import Time
from db import corrections, labels
from db.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, RegistrationNotFound
from db.rows import CorrectionRow

router = APIRouter(prefix=PATH + "/{registration_id}/corrections", tags=["registrations"])
MAX_NUMBER = 1e9  # px, or px for each px
MIN_DETERMINANT = 1e-12  # area of a moving pixel in fixed pixels


def check_invertible(matrix: Matrix) -> Matrix:
    """Return a transform in px as it is; raise ValueError where it cannot be one."""
    if not np.isfinite(matrix).all():
        raise ValueError("every number must be finite")
    if tuple(matrix[2]) != (0, 0, 1):
        raise ValueError("the last row must be 0 0 1")
    values = np.array(matrix)
    if np.abs(values).max() > MAX_NUMBER:
        raise ValueError(f"every number must be between -{MAX_NUMBER:g} and {MAX_NUMBER:g}")
    if abs(np.linalg.det(values[:2, :2])) < MIN_DETERMINANT:
        raise ValueError("the matrix is not invertible")
    return matrix


class NewCorrection(BaseModel):
    """A transform that was set manually."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"fixed_from_moving": RESULT["fixed_from_moving"], "note": "by the fiducials"}
        },
    )

    fixed_from_moving: Annotated[Matrix, AfterValidator(check_invertible)] = Field(
        description="Maps a point (x, y, 1) of the moving image to the fixed image, px."
    )
    note: str | None = Field(None, max_length=2000, pattern=r"^[^\x00]*$")


class Correction(BaseModel):
    """A manual correction; immutable. The newest one applies."""

    id: str
    registration_id: str
    fixed_from_moving: Matrix
    moving_from_fixed: Matrix
    note: str | None
    actor: str
    created_at: Time

    @classmethod
    def of(cls, row: CorrectionRow) -> Correction:
        """Return the correction of a row."""
        inverse = np.linalg.inv(np.array(row.fixed_from_moving)).tolist()
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "moving_from_fixed"}
        return cls(**fields, moving_from_fixed=inverse)


class Corrections(BaseModel):
    """All corrections of a registration, oldest first."""

    items: list[Correction]


@router.post(
    "",
    status_code=201,
    summary="Create correction",
    responses=problems.documented(
        *(RegistrationNotFound, NoResult, RequestValidationError),
        *(IdempotencyKeyReused, IdempotencyKeyInFlight),
    ),
)
def create_correction(
    body: NewCorrection,
    row: SucceededDep,
    identity: IdentityDep,
    idempotency: IdempotencyDep,
    response: Response,
) -> Correction:
    """Store a transform that was set manually.

    The result, the registered image, the picture and the transform files follow it from now on, and the
    verdict is `corrected`. `prediction` of the registration keeps the result of the estimator.
    """

    def add(session: Session) -> Correction:
        matrix = [list(line) for line in body.fixed_from_moving]
        made = corrections.add(session, row.id, matrix, body.note, **vars(identity))
        labels.refresh(session, row.id, actor=identity.actor)
        return Correction.of(made)

    created = Correction(**idempotency.run(body, add))
    response.headers["Location"] = f"{PATH}/{row.id}/corrections"
    return created


@router.get("", summary="List corrections", responses=problems.documented(RegistrationNotFound, NoResult))
def list_corrections(row: SucceededDep, database: DatabaseDep) -> Corrections:
    """Return all corrections, oldest first."""
    with database.reading() as session:
        return Corrections(items=[Correction.of(found) for found in corrections.list_for(session, row.id)])
