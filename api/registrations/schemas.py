"""Registrations as the API writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.images.schemas import PATH as IMAGES
from api.registrations.example import FIXED, MOVING, PATH, SUCCEEDED
from api.registrations.result import Result
from api.times import Time
from db.jobs import Wish
from db.rows import RegistrationRow

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Priority = Literal["collection", "bulk"]
Mirror = Literal["no", "yes", "try"]
MirrorField = Field("no", description="Was the specimen turned over? `try`: find out, at twice the time.")


class NewRegistration(BaseModel):
    """A pair to be registered; both images were uploaded before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"fixed_image_id": FIXED, "moving_image_id": MOVING, "moving_spacing_um": 0.05}
        },
    )

    fixed_image_id: str = Field(max_length=100)
    moving_image_id: str = Field(max_length=100)
    fixed_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    moving_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    network: str | None = Field(None, max_length=100, description="Empty: the best there is.")
    mirror: Mirror = MirrorField
    priority: Priority = Field("bulk", description="`collection`: somebody waits at the instrument.")

    def wish(self) -> Wish:
        """The same in the words of the database."""
        return Wish(**self.model_dump())


class Settings(BaseModel):
    """What was asked for beside the images."""

    network: str | None
    fixed_spacing_um: float | None
    moving_spacing_um: float | None
    mirror: Mirror


class Failure(BaseModel):
    """Why there is no result; ``fault`` says whether another try could help."""

    fault: Literal["input", "system"]
    code: str
    message: str


class RegistrationLinks(BaseModel):
    """Where to find the pictures."""

    self: str
    fixed_preview: str
    moving_preview: str
    registered: str | None
    registered_preview: str | None
    picture: str | None
    events: str
    corrections: str
    transform: str | None

    @classmethod
    def of(cls, row: RegistrationRow) -> RegistrationLinks:
        path = f"{PATH}/{row.id}"
        done = row.state == "succeeded"
        return cls(
            self=path,
            fixed_preview=f"{IMAGES}/{row.fixed_image_id}/preview",
            moving_preview=f"{IMAGES}/{row.moving_image_id}/preview",
            registered=f"{path}/registered" if done else None,
            registered_preview=f"{path}/registered/preview" if done else None,
            picture=f"{path}/picture" if done else None,
            events=f"{path}/events",
            corrections=f"{path}/corrections",
            transform=f"{path}/transform" if done else None,
        )


class Registration(BaseModel):
    """A job and, once it has succeeded, its result."""

    model_config = ConfigDict(json_schema_extra={"example": SUCCEEDED})

    id: str
    state: State
    fixed_image_id: str
    moving_image_id: str
    fixed_name: str
    moving_name: str
    priority: Priority
    batch_id: str | None
    settings: Settings
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    attempt: int
    failure: Failure | None
    result: Result | None
    links: RegistrationLinks

    @classmethod
    def of(cls, row: RegistrationRow) -> Registration:
        """The registration of a row that was read with its images and its result."""
        return cls(
            id=row.id,
            state=row.state,
            fixed_image_id=row.fixed_image_id,
            moving_image_id=row.moving_image_id,
            fixed_name=row.fixed_image.name,
            moving_name=row.moving_image.name,
            priority=row.priority,
            batch_id=row.batch_id,
            settings=Settings.model_validate(row, from_attributes=True),
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            attempt=row.attempt,
            failure=_failure(row),
            result=Result.model_validate(row.result.body) if row.result else None,
            links=RegistrationLinks.of(row),
        )


class RegistrationPage(BaseModel):
    """One page of registrations, newest first."""

    items: list[Registration]
    next_cursor: str | None


def _failure(row: RegistrationRow) -> Failure | None:
    if row.fault is None:
        return None
    return Failure(fault=row.fault, code=row.failure_code, message=row.failure_message)
