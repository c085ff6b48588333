"""Labels as the API represents them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.fields import SpacingUm
from api.images.choice import ByName, FrameChoice
from api.registrations.corrections import check_invertible
from api.registrations.result import Matrix
from api.times import Time
from db.rows import LabelRow

PATH = "/api/v1/labels"
IDENTITY = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
Id = Annotated[str, Field(max_length=36)]


class LabelCollection(BaseModel):
    """Whether results of this instrument become labels."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": True}})

    enabled: bool = Field(
        description="Corrections, reviews that accept, and accepted results of high certainty become labels."
    )


class NewLabel(BaseModel):
    """A pair of uploaded images with its known transform."""

    model_config = ConfigDict(extra="forbid")

    fixed_image_id: Id
    moving_image_id: Id
    moving_from_fixed: Annotated[Matrix, AfterValidator(check_invertible)] = Field(
        description="Maps a point (x, y, 1) of the fixed image to the moving image, px.", examples=[IDENTITY]
    )
    fixed_channel: ByName | None = Field(None, description="Number or name, of a file with several.")
    fixed_frame: FrameChoice = None
    moving_channel: ByName | None = Field(None, description="Number or name, of a file with several.")
    moving_frame: FrameChoice = None
    fixed_spacing_um: SpacingUm = None
    moving_spacing_um: SpacingUm = None
    group: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f]+$",
        description="Region or acquisition: pairs of one group never both train and judge a network. Default:"
        " pairs that share an image.",
    )


class LabelUpdate(BaseModel):
    """Whether adaptations leave a label out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"excluded": True}})

    excluded: bool


class Label(BaseModel):
    """A pair with its known transform."""

    id: str
    source: Literal["correction", "confirmed", "accepted", "added"] = Field(
        description="A correction by hand, a result that a person accepted, a certain result, or a pair that"
        " was added."
    )
    registration_id: str | None
    fixed_image_id: str
    moving_image_id: str
    fixed_channel: str | None
    fixed_frame: int | None
    moving_channel: str | None
    moving_frame: int | None
    fixed_spacing_um: float | None
    moving_spacing_um: float | None
    moving_from_fixed: Matrix
    group: str | None = Field(validation_alias="group_name")
    excluded: bool
    actor: str
    created_at: Time

    @classmethod
    def of(cls, row: LabelRow) -> Label:
        """Return the label of a row."""
        return cls.model_validate(row, from_attributes=True)


class LabelPage(BaseModel):
    """One page of labels, newest first."""

    items: list[Label]
    next_cursor: str | None
