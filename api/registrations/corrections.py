"""/api/v1/registrations/ID/corrections: what somebody set by hand, beside what was found."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api import problems
from api.dependencies import DatabaseDep, WhoDep
from api.errors import NotFinished
from api.registrations.example import PATH, RESULT
from api.registrations.result import Matrix
from api.registrations.routes import SucceededDep
from api.repeats import RepeatsDep
from api.times import Time
from db import corrections
from db.errors import KeyInFlight, KeyReused, RegistrationNotFound
from db.rows import CorrectionRow

router = APIRouter(prefix=PATH + "/{registration_id}/corrections", tags=["registrations"])
SMALLEST_AREA = 1e-12  # of a moving pixel in the fixed image


def _maps_the_plane(matrix: Matrix) -> Matrix:
    if not np.isfinite(matrix).all():
        raise ValueError("every number must be finite")
    if tuple(matrix[2]) != (0, 0, 1):
        raise ValueError("the last row must be 0 0 1")
    if abs(np.linalg.det(np.array(matrix)[:2, :2])) < SMALLEST_AREA:
        raise ValueError("the matrix has no inverse")
    return matrix


class NewCorrection(BaseModel):
    """Where the moving image really lies, in the eyes of whoever looked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"fixed_from_moving": RESULT["fixed_from_moving"], "note": "by the fiducials"}
        },
    )

    fixed_from_moving: Annotated[Matrix, AfterValidator(_maps_the_plane)] = Field(
        description="Takes a moving point (x, y, 1) to the fixed image, px."
    )
    note: str | None = Field(None, max_length=2000, pattern=r"^[^\x00]*$")


class Correction(BaseModel):
    """A transform set by hand; it is never changed, the newest one counts."""

    id: str
    registration_id: str
    fixed_from_moving: Matrix
    moving_from_fixed: Matrix
    note: str | None
    actor: str
    created_at: Time

    @classmethod
    def of(cls, row: CorrectionRow) -> Correction:
        """The correction of a row."""
        inverse = np.linalg.inv(np.array(row.fixed_from_moving)).tolist()
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "moving_from_fixed"}
        return cls(**fields, moving_from_fixed=inverse)


class Corrections(BaseModel):
    """All corrections of a registration, oldest first."""

    items: list[Correction]


@router.post(
    "",
    status_code=201,
    summary="Set the transform by hand",
    responses=problems.documented(
        RegistrationNotFound, NotFinished, RequestValidationError, KeyReused, KeyInFlight
    ),
)
def correct(
    body: NewCorrection, row: SucceededDep, who: WhoDep, repeats: RepeatsDep, response: Response
) -> Correction:
    """Kept beside what was found, which stays as it is."""

    def add(session: Session) -> Correction:
        matrix = [list(line) for line in body.fixed_from_moving]
        return Correction.of(corrections.add(session, row.id, matrix, body.note, **vars(who)))

    added = Correction(**repeats.once(body, add))
    response.headers["Location"] = f"{PATH}/{row.id}/corrections"
    return added


@router.get(
    "", summary="See what was set by hand", responses=problems.documented(RegistrationNotFound, NotFinished)
)
def list_corrections(row: SucceededDep, database: DatabaseDep) -> Corrections:
    """Oldest first."""
    with database.reading() as session:
        return Corrections(items=[Correction.of(found) for found in corrections.of(session, row.id)])
