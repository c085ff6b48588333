"""/api/v1/images/{id}/values: original values of an image at points, such as those of a profile."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from api import problems
from api.dependencies import StoreDep
from api.images import choice
from api.images.choice import ChoiceDep
from api.images.routes import RowDep
from api.images.schemas import PATH
from api.images.source import Pixels, Source
from db.errors import ImageNotFound, ObjectAltered, ObjectMissing
from xebra.errors import ImageChoiceNeeded, ImageUnreadable

MAX_POINTS = 2048
router = APIRouter(prefix=PATH, tags=["images"])
Coordinate = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]


class ValuesAt(BaseModel):
    """Points at which the values of an image are wanted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"points": [[10, 20], [11.5, 20]]}}
    )

    points: list[tuple[Coordinate, Coordinate]] = Field(
        min_length=1,
        max_length=MAX_POINTS,
        description="(x, y) in px, from the centre of the top-left pixel.",
    )
    interpolation: Literal["nearest", "linear"] = Field(
        "nearest", description="`nearest`: the value of the pixel that a point lies on."
    )


class ImageValues(BaseModel):
    """Values of an image at points."""

    values: list[float | None] = Field(
        description="In the order of the points; of colours their mean. Null outside of the image and where a"
        " value is not finite."
    )


@router.post(
    "/{image_id}/values",
    summary="Read image values",
    responses=problems.documented(
        *(RequestValidationError, ImageNotFound, ObjectMissing, ObjectAltered),
        *(ImageChoiceNeeded, ImageUnreadable),
    ),
)
def read_image_values(body: ValuesAt, image: RowDep, store: StoreDep, wanted: ChoiceDep) -> ImageValues:
    """Return the original values at points: those of the file, not the grey values of its preview."""
    choice.shape(image, wanted)  # refuses what the file does not hold
    pixels = Source.of(store, image, wanted).values()
    return ImageValues(values=sampled(pixels, np.array(body.points), body.interpolation == "linear"))


def sampled(pixels: Pixels, points: Pixels, linear: bool) -> list[float | None]:
    """Return the values of an image (H, W) at points (N, 2), None outside and where they are not finite.

    >>> sampled(np.array([[1, 2], [3, 4]]), np.array([[0.4, 1.0], [0.5, 0.0], [2.0, 0.0]]), linear=True)
    [3.4, 1.5, None]
    """
    last = np.array(pixels.shape[::-1]) - 1
    inside: Pixels = np.all((points >= -0.5) & (points < last + 0.5), axis=1)
    at = np.where(inside[:, None], points, 0.0)
    at = np.clip(at, 0, last) if linear else np.floor(at + 0.5)
    low = np.floor(at).astype(int)
    high, (across, down) = np.minimum(low + 1, last), (at - low).T
    corners = [pixels[y, x].astype(float) for y in (low[:, 1], high[:, 1]) for x in (low[:, 0], high[:, 0])]
    weights = (1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across
    values = sum(
        np.where(weight > 0, value, 0) * weight for value, weight in zip(corners, weights, strict=True)
    )
    usable = inside & np.isfinite(values)
    return [float(value) if fine else None for value, fine in zip(values, usable, strict=True)]
