"""Registrations as the API represents them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.fields import ImageId, SpacingUm
from api.images.choice import ChannelChoice, Choice, FrameChoice
from api.images.schemas import PATH as IMAGES
from api.registrations import current
from api.registrations.estimation import Estimation
from api.registrations.example import FIXED, MOVING, PATH, SUCCEEDED
from api.registrations.masks import Mask, Masks
from api.registrations.result import Result
from api.times import Time
from db import reviews
from db.jobs import RegistrationRequest
from db.rows import RegistrationRow, ReviewRow

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Priority = Literal["collection", "bulk"]
Mirror = Literal["no", "yes", "try"]
MirrorField = Field(description="Whether the moving image is mirrored; `try` tests both, in twice the time.")


COPIED = (
    *("id", "state", "fixed_image_id", "moving_image_id", "priority", "batch_id"),
    *("created_at", "started_at", "finished_at", "attempt"),
)


class NewRegistration(Masks, Estimation):
    """A pair of uploaded images to be registered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"fixed_image_id": FIXED, "moving_image_id": MOVING, "moving_spacing_um": 0.05}
        },
    )

    fixed_image_id: ImageId
    moving_image_id: ImageId
    fixed_channel: ChannelChoice = None
    fixed_frame: FrameChoice = None
    moving_channel: ChannelChoice = None
    moving_frame: FrameChoice = None
    fixed_spacing_um: SpacingUm = None
    moving_spacing_um: SpacingUm = None
    network: str | None = Field(None, max_length=100, description="Default: the most accurate network.")
    mirror: Annotated[Mirror, MirrorField] = "no"
    priority: Priority = Field(
        "bulk", description="`collection`: served first, for data collection at the instrument."
    )

    def request(self, network: str | None) -> RegistrationRequest:
        """Return the parameters of the registration, with this network."""
        return RegistrationRequest(**self.model_dump() | {"network": network})


class Settings(Estimation):
    """The parameters of a registration besides the images."""

    network: str | None
    fixed_channel: str | None
    fixed_frame: int | None
    moving_channel: str | None
    moving_frame: int | None
    fixed_spacing_um: float | None
    moving_spacing_um: float | None
    mirror: Mirror
    fixed_mask: Mask | None = None
    moving_mask: Mask | None = None
    fixed_mask_image_id: str | None = None
    moving_mask_image_id: str | None = None


class Failure(BaseModel):
    """The reason of a failure; ``fault`` states whether another attempt can help."""

    fault: Literal["input", "system"]
    code: str
    message: str


class Review(BaseModel):
    """The decision of a person on the position."""

    decision: Literal["accept", "reject", "withdraw"]
    by: str
    at: Time
    note: str | None

    @classmethod
    def of(cls, row: ReviewRow) -> Review:
        """Return the decision of a row."""
        fields: dict[str, Any] = {"decision": row.decision, "by": row.actor, "at": row.created_at}
        return cls(**fields, note=row.note)


class RegistrationLinks(BaseModel):
    """Links to files, events and corrections."""

    self: str
    fixed_preview: str
    moving_preview: str
    registered: str | None
    registered_preview: str | None
    picture: str | None
    events: str
    corrections: str
    reviews: str
    transform: str | None

    @classmethod
    def of(cls, row: RegistrationRow) -> RegistrationLinks:
        """Return the links of a row."""
        path = f"{PATH}/{row.id}"
        done = row.state == "succeeded"
        fixed = Choice(row.fixed_channel, row.fixed_frame)
        moving = Choice(row.moving_channel, row.moving_frame)
        return cls(
            self=path,
            fixed_preview=f"{IMAGES}/{row.fixed_image_id}/preview{fixed.query}",
            moving_preview=f"{IMAGES}/{row.moving_image_id}/preview{moving.query}",
            registered=f"{path}/registered" if done else None,
            registered_preview=f"{path}/registered/preview" if done else None,
            picture=f"{path}/picture" if done else None,
            events=f"{path}/events",
            corrections=f"{path}/corrections",
            reviews=f"{path}/reviews",
            transform=f"{path}/transform" if done else None,
        )


class Registration(BaseModel):
    """A registration job and, if it has succeeded, its result."""

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
    result: Result | None = Field(description="With the newest correction applied, if there is any.")
    prediction: Result | None = Field(description="The result before corrections, if there are any.")
    review: Review | None = Field(None, description="The newest decision of a person on this position.")
    tags: list[str] = []  # default: answers that were stored for a repeated request before there were tags
    links: RegistrationLinks

    @classmethod
    def of(cls, row: RegistrationRow) -> Registration:
        """Return the registration of a row loaded with its images and its result."""
        fields: dict[str, Any] = {name: getattr(row, name) for name in COPIED}
        return cls(
            **fields,
            fixed_name=row.fixed_image.name,
            moving_name=row.moving_image.name,
            settings=Settings.model_validate(row, from_attributes=True),
            failure=_failure(row),
            result=Result.model_validate(current.body(row)) if row.result else None,
            prediction=Result.model_validate(row.result.body) if row.result and row.corrections else None,
            review=Review.of(decision) if (decision := reviews.applied(row)) else None,
            tags=sorted(tag.name for tag in row.tags),
            links=RegistrationLinks.of(row),
        )


class RegistrationPage(BaseModel):
    """One page of registrations, newest first."""

    items: list[Registration]
    next_cursor: str | None


def _failure(row: RegistrationRow) -> Failure | None:
    if row.fault is None:
        return None
    fields: dict[str, Any] = {"code": row.failure_code, "message": row.failure_message}
    return Failure(**fields | {"fault": row.fault})
