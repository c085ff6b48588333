"""Series and their frames as the API represents them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.fields import ImageId
from api.images.choice import ChannelChoice, FrameChoice
from api.registrations.example import FIXED
from api.times import Time
from db.rows import SeriesFrameRow, SeriesRow
from db.series import NewSeries

PATH = "/api/v1/series"
Model = Literal["translation", "rigid", "similarity", "affine"]
Row3 = tuple[float, float, float]
Pair = tuple[float, float]


class SeriesRequest(BaseModel):
    """A reference image, the family of the transforms, and what happens to frames that come too late."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reference_image_id": FIXED, "model": "rigid"}}
    )

    reference_image_id: ImageId
    reference_channel: ChannelChoice = None
    reference_frame: FrameChoice = None
    model: Model = "rigid"
    name: str = Field("", max_length=200, pattern=r"^[^\x00-\x1f]*$")
    stale_after_s: float | None = Field(
        1.0,
        ge=0.01,
        le=3600,
        allow_inf_nan=False,
        description="A frame that has waited longer for its turn is dropped: it is stored as `dropped` and"
        " has no position. Null: none is dropped.",
    )
    deadline_ms: int = Field(
        30,
        ge=1,
        le=60_000,
        description="For the estimate of one frame: the finest step is left out where it would take longer.",
    )

    def stored(self) -> NewSeries:
        """Return what is stored of it."""
        return NewSeries(**self.model_dump())


class SeriesFrame(BaseModel):
    """A frame and its position relative to the reference, in px of the reference."""

    number: int
    time_s: float
    state: Literal["fits", "no_fit", "dropped"] = Field(
        description="`no_fit`: it does not show the specimen. `dropped`: it came too late."
    )
    reason: str | None = Field(description="Why it has no position.")
    reference_from_frame: tuple[Row3, Row3, Row3] | None = Field(
        description="Maps a point (x, y, 1) of the frame to the reference; without a fit the predicted one."
    )
    shift_px: Pair | None = Field(
        description="Place (x, y) of the frame's centre, relative to that of the reference."
    )
    covariance_px2: tuple[Pair, Pair] | None = Field(description="Of the shift.")
    velocity_px_per_s: Pair | None = Field(description="Drift (x, y).")
    certainty: float
    duration_ms: float
    late: bool = Field(description="The estimate took longer than the deadline of the series.")
    sha256: str = Field(description="Of the body of the request.")


class SeriesLinks(BaseModel):
    """Links of a series."""

    self: str
    frames: str
    finish: str
    reference: str


class Series(BaseModel):
    """A series with its newest position."""

    id: str
    name: str
    state: Literal["recording", "finished"]
    model: Model
    reference_image_id: str
    reference_channel: str | None
    reference_frame: int | None
    stale_after_s: float | None
    deadline_ms: int
    frames: int = Field(description="Frames without a fit and dropped ones included.")
    fitting: int
    dropped: int
    latest: SeriesFrame | None
    created_at: Time
    finished_at: Time | None
    links: SeriesLinks

    @classmethod
    def of(cls, row: SeriesRow, latest: SeriesFrameRow | None) -> Series:
        """Return the series of a row."""
        path = f"{PATH}/{row.id}"
        links = SeriesLinks(
            self=path,
            frames=f"{path}/frames",
            finish=f"{path}/finish",
            reference=f"/api/v1/images/{row.reference_image_id}",
        )
        names = set(cls.model_fields) - {"latest", "links"}
        fields: dict[str, Any] = {name: getattr(row, name) for name in names}
        newest = None if latest is None else SeriesFrame.model_validate(latest.body)
        return cls(**fields, latest=newest, links=links)


class SeriesPage(BaseModel):
    """One page of series, newest first."""

    items: list[Series]
    next_cursor: str | None


class FramePage(BaseModel):
    """Frames in order of their numbers."""

    items: list[SeriesFrame]
    more: bool = Field(description="There are further frames; continue after the last number.")


Number = Annotated[int, Field(ge=0, le=(1 << 31) - 1)]
