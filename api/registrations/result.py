"""What a registration found, field by field as ``xebra.Registration.to_json`` writes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Point = tuple[float, float]
Line = tuple[float, float, float]
Row4 = tuple[float, float, float, float]
Matrix = tuple[Line, Line, Line]


class RegisteredImage(BaseModel):
    """One of the two images as it was registered."""

    name: str
    shape: list[int] = Field(description="Rows, columns, and channels where there are any.")
    dtype: str
    pixel_spacing_um: float | None
    sha256: str


class Model(BaseModel):
    """Which network answered, and on what."""

    name: str
    weights_sha256: str
    engine: str


ADDED = ("intervals", "covariance", "search")


class Intervals(BaseModel):
    """Half widths of the 95 % intervals: the truth lies so far to either side, where the match is right."""

    scale: float
    angle_deg: float
    shift_px: Point = Field(description="In fixed pixels.")


class SearchMap(BaseModel):
    """How well each turn and scale fits at its best shift: is the answer alone, or one of many?"""

    angles_deg: list[float]
    scales: list[float]
    scores: list[list[float]] = Field(description="A row for each scale; differences are log odds.")


class Result(BaseModel):
    """Where the moving image lies on the fixed one; points are (x, y), from the top-left pixel's centre."""

    model_config = ConfigDict(extra="allow")  # what a newer worker has found beside

    scale: float = Field(description="Size of a moving pixel in fixed pixels.")
    angle_deg: float = Field(description="Turns the moving image onto the fixed one, +x towards +y.")
    shift_px: Point = Field(description="Centre of the moving image from the fixed one's, in fixed pixels.")
    shift_um: Point | None = Field(description="The same where the fixed image's pixel spacing is known.")
    intervals: Intervals | None = Field(description="None where the network states none.")
    covariance: tuple[Row4, Row4, Row4, Row4] | None = Field(
        description="Of log scale, angle (rad) and shift (fixed px), where the match is right."
    )
    mirror: bool
    fixed_from_moving: Matrix = Field(description="Takes a moving point (x, y, 1) to the fixed image, px.")
    moving_from_fixed: Matrix = Field(description="Its inverse, with which the moving image is resampled.")
    expected_corner_error_px: float = Field(description="Mean over the fixed image's corners, in its pixels.")
    expected_corner_error_um: float | None
    verdict: Literal["accept", "review", "refuse"]
    reason: str
    fixed: RegisteredImage
    moving: RegisteredImage
    model: Model
    timings_s: dict[str, float]
    search: SearchMap | None = Field(description="None where the network does not search.")

    @model_validator(mode="before")
    @classmethod
    def _of_an_earlier_version(cls, body: Any) -> Any:
        """Results that were kept before these were stated say nothing of them."""
        return dict.fromkeys(ADDED) | body if isinstance(body, dict) else body
