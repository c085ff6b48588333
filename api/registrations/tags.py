"""PATCH /api/v1/registrations/ID: tags."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.dependencies import DatabaseDep, IdentityDep
from api.fields import Tag
from api.registrations.example import PATH
from api.registrations.schemas import Registration
from db import tags
from db.errors import RegistrationNotFound, TooManyTags

router = APIRouter(prefix=PATH, tags=["registrations"])


class RegistrationUpdate(BaseModel):
    """Changes of a registration that do not affect its result."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"add_tags": ["grain 7"]}})

    add_tags: list[Tag] = Field([], max_length=tags.MAX_TAGS)
    remove_tags: list[Tag] = Field([], max_length=tags.MAX_TAGS)


@router.patch(
    "/{registration_id}",
    summary="Update registration",
    responses=problems.documented(RegistrationNotFound, TooManyTags, RequestValidationError),
)
def update_registration(
    registration_id: str, body: RegistrationUpdate, database: DatabaseDep, identity: IdentityDep
) -> Registration:
    """Add and remove tags, by which registrations are grouped and found; those not named stay.

    Repeating the request changes nothing. A tag has no comma.
    """
    with database.writing() as session:
        row = tags.change(session, registration_id, body.add_tags, body.remove_tags, **vars(identity))
        return Registration.of(row)
