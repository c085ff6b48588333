"""Batches as the API writes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.registrations.example import FIXED, MOVING
from api.registrations.example import PATH as REGISTRATIONS
from api.registrations.schemas import Mirror, MirrorField, Priority
from api.times import Time
from db.jobs import Wish
from db.rows import BatchRow

PATH = "/api/v1/batches"
MOST = 10_000
ImageId = str


class PairOfImages(BaseModel):
    """Two images that were uploaded before."""

    model_config = ConfigDict(extra="forbid")

    fixed_image_id: ImageId = Field(max_length=100)
    moving_image_id: ImageId = Field(max_length=100)


class NewBatch(BaseModel):
    """Either one fixed image and many moving ones, or a list of pairs; one setting for all."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"fixed_image_id": FIXED, "moving_image_ids": [MOVING]}}
    )

    fixed_image_id: ImageId | None = Field(None, max_length=100)
    moving_image_ids: list[ImageId] | None = Field(None, min_length=1, max_length=MOST)
    pairs: list[PairOfImages] | None = Field(None, min_length=1, max_length=MOST)
    fixed_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    moving_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    network: str | None = Field(None, max_length=100, description="Empty: the best there is.")
    mirror: Mirror = MirrorField
    priority: Priority = "bulk"

    @model_validator(mode="after")
    def one_way(self) -> NewBatch:
        """Exactly one of the two ways of saying which pairs."""
        one_fixed = self.fixed_image_id is not None and self.moving_image_ids is not None
        any_of_it = self.fixed_image_id is not None or self.moving_image_ids is not None
        if any_of_it == (self.pairs is not None) or any_of_it != one_fixed:
            raise ValueError("give either fixed_image_id and moving_image_ids, or pairs")
        return self

    def wishes(self) -> list[Wish]:
        """One for each pair."""
        names = ("fixed_spacing_um", "moving_spacing_um", "network", "mirror", "priority")
        said = {name: getattr(self, name) for name in names}
        if self.pairs is not None:
            return [Wish(pair.fixed_image_id, pair.moving_image_id, **said) for pair in self.pairs]
        return [Wish(self.fixed_image_id, moving, **said) for moving in self.moving_image_ids]


class States(BaseModel):
    """How many registrations are in which state."""

    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class BatchLinks(BaseModel):
    """Where to find its registrations and what they found."""

    self: str
    registrations: str
    results: str


class Batch(BaseModel):
    """Registrations that were submitted together."""

    id: str
    size: int
    states: States
    ended: bool
    created_at: Time
    links: BatchLinks

    @classmethod
    def of(cls, row: BatchRow, counted: dict[str, int]) -> Batch:
        """The batch of a row."""
        path = f"{PATH}/{row.id}"
        links = BatchLinks(
            self=path, registrations=f"{REGISTRATIONS}?batch_id={row.id}", results=f"{path}/results"
        )
        known: dict[str, Any] = {name: getattr(row, name) for name in ("id", "size", "created_at")}
        ended = not counted["queued"] and not counted["running"]
        return cls(**known, states=States(**counted), ended=ended, links=links)


class BatchPage(BaseModel):
    """One page of batches, newest first."""

    items: list[Batch]
    next_cursor: str | None
