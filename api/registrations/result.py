"""The result of a registration, with the fields of ``xebra.Registration.to_json``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.times import Time
from xebra.models import TransformModel

Point = tuple[float, float]
Line = tuple[float, float, float]
Row4 = tuple[float, float, float, float]
Row6 = tuple[float, float, float, float, float, float]
Matrix = tuple[Line, Line, Line]


class RegisteredImage(BaseModel):
    """One of the two images, with the pixel spacing that was used."""

    name: str
    shape: list[int] = Field(description="Rows, columns, and channels if any.")
    dtype: str
    pixel_spacing_um: float | None
    pixel_spacing_xy_um: Point | None = Field(
        None, description="Along x and y, of pixels that are not square."
    )
    spacing_source: str | None = Field(None, description="Where the pixel spacing is from.")
    selected: str = Field("", description="The image that was used of a file with several.")
    sha256: str


class Model(BaseModel):
    """The network and the inference engine."""

    name: str
    weights_sha256: str
    engine: str
    version: str | None = Field(None, description="Id of the adapted version; None: the bundled network.")


ADDED_LATER = (
    "intervals",
    "covariance",
    "search",
    "usable_area",
    "correction",
    "stretch",
    "field",
    "model_reason",
)


class AppliedCorrection(BaseModel):
    """Who set the transform by hand, and when."""

    id: str | None
    by: str
    at: Time
    note: str | None


class Intervals(BaseModel):
    """Half widths of the 95 % intervals, valid if the match is correct."""

    scale: float
    angle_deg: float
    shift_px: Point = Field(description="In fixed pixels.")


class SearchMap(BaseModel):
    """The score of each angle and scale at its best shift, which shows whether the result is unique."""

    angles_deg: list[float]
    scales: list[float]
    scores: list[list[float]] = Field(description="One row for each scale; differences are log odds.")


class Stretch(BaseModel):
    """The part of an affine transform that no similarity has: foreshortening, shear or oblong pixels."""

    ratio: float = Field(description="Length along the axis over that across it.")
    axis_deg: float = Field(description="In the fixed image, from +x towards +y.")
    tilt_deg: float = Field(description="The tilt that would foreshorten a view as much.")


class Knots(BaseModel):
    """A uniform cubic B-spline basis: `intervals` + 3 functions between `low` and `high`."""

    low: float
    high: float
    intervals: int


class DisplacementField(BaseModel):
    """A point p of the fixed image is at moving_from_fixed(y + drift(row of y)), y = p + smooth(p)."""

    moving_from_fixed: Matrix
    x: Knots = Field(description="Of `smooth`, along the fixed image, px.")
    y: Knots
    rows: Knots = Field(description="Of `drift`, along the rows of the moving image, px.")
    smooth: list[list[list[float]]] = Field(description="Coefficients of x and y, (2, y, x), fixed px.")
    drift: list[list[float]] = Field(description="Coefficients of x and y, (2, rows), fixed px.")
    error: list[list[list[float]]] = Field(
        description="Standard error of x and y, (2, rows, columns), on an even grid over both; fixed px."
    )


class Place(BaseModel):
    """A place of a detail in an overview."""

    fixed_from_moving: Matrix = Field(description="As in the result, px.")
    probability: float = Field(description="That this place is right, if one of those compared is.")


class ExcludedPart(BaseModel):
    """What is excluded for one reason."""

    name: str = Field(
        description="`data bar`, `detector gap`, `frame` (field stop, aperture or padding), `graphics`, "
        "`hot pixels`, `same in both images`, `as in the other image`, `not finite` or `given mask`."
    )
    share: float = Field(description="Of the image's pixels.")


class UsableArea(BaseModel):
    """The pixels of an image that were used."""

    runs: list[int] = Field(
        description="Lengths of the runs of used and unused pixels in turn, row after row from the top left, "
        "starting with used ones; values that are not finite count as used here."
    )
    excluded: list[ExcludedPart]


class UsableAreas(BaseModel):
    """What was used of each image; None for a network that uses whole images."""

    fixed: UsableArea | None
    moving: UsableArea | None


class Result(BaseModel):
    """The transform between the images; points are (x, y) from the centre of the top-left pixel."""

    model_config = ConfigDict(extra="allow")  # fields added by newer workers

    scale: float = Field(description="Size of a moving pixel in fixed pixels.")
    angle_deg: float = Field(description="Rotation from the moving to the fixed image, from +x towards +y.")
    shift_px: Point = Field(description="Moving image centre minus fixed image centre, in fixed pixels.")
    shift_um: Point | None = Field(description="The same in um, if the fixed image's pixel spacing is known.")
    intervals: Intervals | None = Field(description="None if the network does not estimate them.")
    covariance: tuple[Row4, Row4, Row4, Row4] | tuple[Row6, Row6, Row6, Row6, Row6, Row6] | None = Field(
        description="Of log scale, angle (rad) and shift (fixed px), if the match is correct; of an affine"
        " transform also of the log stretch (a, b), of the symmetric matrix [[a, b], [b, -a]]."
    )
    transform_model: TransformModel = Field(description="The family that the transform was chosen from.")
    model_reason: str | None = Field(description="Why it was chosen, of the models `field` and `auto`.")
    field: DisplacementField | None = Field(
        description="Of bent images: the whole transform. `fixed_from_moving` is its linear part."
    )
    stretch: Stretch | None = Field(description="Of an affine transform; None for a similarity.")
    mirror: bool
    fixed_from_moving: Matrix = Field(
        description="Maps a point (x, y, 1) of the moving image to the fixed image, px."
    )
    moving_from_fixed: Matrix = Field(description="Its inverse, used for resampling the moving image.")
    expected_corner_error_px: float | None = Field(
        description="Expected error, mean over the corners of the fixed image, or of the moving image where"
        " it shows a small part of the fixed one, in fixed px; None after a correction by hand."
    )
    expected_corner_error_um: float | None
    verdict: Literal["accept", "review", "refuse", "corrected"]
    reason: str
    correction: AppliedCorrection | None = Field(description="None: the transform is the predicted one.")
    fixed: RegisteredImage
    moving: RegisteredImage
    model: Model
    timings_s: dict[str, float]
    search: SearchMap | None = Field(description="None if the network does not search.")
    places: list[Place] = Field(
        description="Where one image shows a part of the other: the place of the result, then the next best "
        "ones, at most 5 in all. Empty for equal fields of view."
    )
    usable_area: UsableAreas | None = Field(description="None in results of earlier versions.")

    @model_validator(mode="before")
    @classmethod
    def _read_earlier_version(cls, body: Any) -> Any:
        """Set fields that earlier results, which were similarities, do not have."""
        earlier = dict.fromkeys(ADDED_LATER) | {"transform_model": "similarity", "places": []}
        return earlier | body if isinstance(body, dict) else body
