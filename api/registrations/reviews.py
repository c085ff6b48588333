"""/api/v1/registrations/ID/reviews: decisions of people on the position."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api import problems
from api.dependencies import IdentityDep
from api.errors import NoResult
from api.idempotency import IdempotencyDep
from api.registrations.example import PATH
from api.registrations.routes import SucceededDep
from api.registrations.schemas import Review
from db import labels, reviews
from db.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, RegistrationNotFound

router = APIRouter(prefix=PATH + "/{registration_id}/reviews", tags=["registrations"])


class NewReview(BaseModel):
    """A decision of a person on the position that counts."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"decision": "accept", "note": "grain edges match"}}
    )

    decision: Literal["accept", "reject", "withdraw"] = Field(
        description="`withdraw`: there is no decision any more."
    )
    note: str | None = Field(None, max_length=2000, pattern=r"^[^\x00]*$")


@router.post(
    "",
    status_code=201,
    summary="Create review",
    responses=problems.documented(
        *(RegistrationNotFound, NoResult, RequestValidationError),
        *(IdempotencyKeyReused, IdempotencyKeyInFlight),
    ),
)
def create_review(
    body: NewReview, row: SucceededDep, identity: IdentityDep, idempotency: IdempotencyDep, response: Response
) -> Review:
    """Store the decision of a person, with author and time.

    The newest one is the `review` of the registration; the verdict of the estimator stays beside it. A
    correction by hand that is newer makes it void, because it was on another position.
    """

    def add(session: Session) -> Review:
        made = reviews.add(session, row.id, body.decision, body.note, **vars(identity))
        labels.refresh(session, row.id, actor=identity.actor)
        return Review.of(made)

    response.headers["Location"] = f"{PATH}/{row.id}"
    return Review(**idempotency.run(body, add))
