"""Batches as the API represents them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.fields import ImageId, SpacingUm
from api.images.choice import ChannelChoice, FrameChoice
from api.registrations.estimation import OPTIONS, Estimation
from api.registrations.example import FIXED, MOVING
from api.registrations.example import PATH as REGISTRATIONS
from api.registrations.masks import Masks
from api.registrations.schemas import Mirror, MirrorField, Priority
from api.times import Time
from db.jobs import RegistrationRequest
from db.rows import BatchRow

PATH = "/api/v1/batches"
MAX_PAIRS = 10_000
CHOICES = ("fixed_channel", "fixed_frame", "moving_channel", "moving_frame")


class PairOfImages(BaseModel):
    """Two uploaded images."""

    model_config = ConfigDict(extra="forbid")

    fixed_image_id: ImageId
    moving_image_id: ImageId
    fixed_channel: ChannelChoice = None
    fixed_frame: FrameChoice = None
    moving_channel: ChannelChoice = None
    moving_frame: FrameChoice = None


class NewBatch(Masks, Estimation):
    """One fixed image and many moving images, or a list of pairs; one setting for all of them."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"fixed_image_id": FIXED, "moving_image_ids": [MOVING]}}
    )

    fixed_image_id: ImageId | None = None
    moving_image_ids: list[ImageId] | None = Field(None, min_length=1, max_length=MAX_PAIRS)
    pairs: list[PairOfImages] | None = Field(None, min_length=1, max_length=MAX_PAIRS)
    fixed_channel: ChannelChoice = None
    fixed_frame: FrameChoice = None
    moving_channel: ChannelChoice = None
    moving_frame: FrameChoice = None
    fixed_spacing_um: SpacingUm = None
    moving_spacing_um: SpacingUm = None
    network: str | None = Field(None, max_length=100, description="Default: the most accurate network.")
    mirror: Annotated[Mirror, MirrorField] = "no"
    priority: Priority = "bulk"

    @model_validator(mode="after")
    def check_pairs(self) -> NewBatch:
        """Check that the pairs are given in exactly one of the two forms."""
        one_fixed = self.fixed_image_id is not None and self.moving_image_ids is not None
        partly = self.fixed_image_id is not None or self.moving_image_ids is not None
        if partly == (self.pairs is not None) or partly != one_fixed:
            raise ValueError("give either fixed_image_id and moving_image_ids, or pairs")
        return self

    @property
    def size(self) -> int:
        """Return the number of registrations."""
        return len(self.pairs or self.moving_image_ids or ())

    def requests(self, network: str | None) -> list[RegistrationRequest]:
        """Return the parameters of each registration, with this network."""
        names = ("fixed_spacing_um", "moving_spacing_um", "mirror", "priority")
        settings: dict[str, Any] = {name: getattr(self, name) for name in names} | {"network": network}
        settings |= self.model_dump(include=set(OPTIONS))
        settings |= self.model_dump(include=set(Masks.model_fields))
        common = {name: getattr(self, name) for name in CHOICES}
        if self.pairs is not None:
            pairs = [common | pair.model_dump(exclude_none=True) for pair in self.pairs]
        else:
            fixed = {"fixed_image_id": self.fixed_image_id or ""}
            pairs = [common | fixed | {"moving_image_id": moving} for moving in self.moving_image_ids or []]
        return [RegistrationRequest(**pair, **settings) for pair in pairs]


class StateCounts(BaseModel):
    """The number of registrations in each state."""

    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class BatchLinks(BaseModel):
    """Links to the registrations of the batch and to their results."""

    self: str
    registrations: str
    results: str


class Batch(BaseModel):
    """Registrations that were submitted together."""

    id: str
    size: int
    states: StateCounts
    ended: bool
    created_at: Time
    links: BatchLinks

    @classmethod
    def of(cls, row: BatchRow, counts: dict[str, int]) -> Batch:
        """Return the batch of a row."""
        path = f"{PATH}/{row.id}"
        links = BatchLinks(
            self=path, registrations=f"{REGISTRATIONS}?batch_id={row.id}", results=f"{path}/results"
        )
        fields: dict[str, Any] = {name: getattr(row, name) for name in ("id", "size", "created_at")}
        ended = not counts["queued"] and not counts["running"]
        return cls(**fields, states=StateCounts(**counts), ended=ended, links=links)


class BatchPage(BaseModel):
    """One page of batches, newest first."""

    items: list[Batch]
    next_cursor: str | None
