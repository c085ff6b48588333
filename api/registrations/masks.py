"""Masks of a registration as the API represents them, and whether they fit the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from api.fields import ImageId
from api.images import choice
from api.images.choice import Choice
from db import images
from db.jobs import RegistrationRequest
from db.rows import ImageRow
from xebra.errors import MaskInvalid
from xebra.masks import MOST_POINTS, PolygonMask
from xebra.weights import weights

Coordinate = Annotated[float, Field(allow_inf_nan=False)]
Ring = Annotated[list[tuple[Coordinate, Coordinate]], Field(max_length=MOST_POINTS)]
RECTANGLE: Any = [[[0.0, 884.0], [1023.0, 884.0], [1023.0, 959.0], [0.0, 959.0], [0.0, 884.0]]]


class Polygon(BaseModel):
    """A GeoJSON Polygon (RFC 7946) in px of the image, (0, 0) at the centre of the top-left pixel."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Polygon"]
    coordinates: list[Ring] = Field(
        min_length=1,
        max_length=MOST_POINTS,
        description="The outer ring and those of holes; a ring is a list of points [x, y], "
        "the last one equal to the first.",
    )


class Mask(BaseModel):
    """Which pixels of an image may be used, as polygons."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"exclude": [{"type": "Polygon", "coordinates": RECTANGLE}]}},
    )

    include: list[Polygon] = Field(
        [],
        max_length=MOST_POINTS,
        description="Only these areas are used. Without them, data bars, field stops and the like "
        "are found and excluded.",
    )
    exclude: list[Polygon] = Field([], max_length=MOST_POINTS, description="These areas are not used.")

    @model_validator(mode="after")
    def check_polygons(self) -> Mask:
        """Check that rings are closed and that there are not too many points."""
        if not self.include and not self.exclude:
            raise ValueError("give a polygon in include or exclude, or no mask")
        try:
            PolygonMask.from_json(self.model_dump())
        except MaskInvalid as error:
            raise ValueError(str(error)) from None
        return self


class Masks(BaseModel):
    """The masks of both images, each as polygons, as an uploaded image, or both."""

    fixed_mask: Mask | None = Field(None, description="What may be used of the fixed image.")
    moving_mask: Mask | None = Field(None, description="What may be used of the moving image.")
    fixed_mask_image_id: ImageId | None = Field(
        None,
        description="An uploaded image as large as the fixed one, not zero where its pixels may be used.",
    )
    moving_mask_image_id: ImageId | None = Field(None, description="The same of the moving image.")


def check(session: Session, requests: Sequence[RegistrationRequest], owner: str) -> None:
    """Check that the masks fit the images; the requests share one setting.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
        MaskInvalid: a polygon lies outside of an image, a mask image has another size, or the network takes
            no masks.
    """
    for role in ("fixed", "moving"):
        polygons, mask_id = (getattr(requests[0], f"{role}_mask{suffix}") for suffix in ("", "_image_id"))
        if polygons is None and mask_id is None:
            continue
        _check_network(requests[0].network)
        sizes = _sizes(session, requests, role, owner)
        for size in sizes:
            PolygonMask.from_json(polygons or {}).check_places(f"{role}_mask", size)
        if mask_id is not None:
            _check_size(f"{role}_mask_image_id", images.get(session, mask_id, owner), sizes)


def _check_network(name: str | None) -> None:
    network = weights(name)
    if network.config["kind"] != "pyramid":
        raise MaskInvalid(
            f"The network {network.name!r} takes no masks. Choose another one, or give no mask."
        )


def _sizes(
    session: Session, requests: Sequence[RegistrationRequest], role: str, owner: str
) -> set[tuple[int, int]]:
    """Return the different sizes (height, width) of the fixed or of the moving images."""
    wanted = {
        (getattr(each, f"{role}_image_id"), getattr(each, f"{role}_channel"), getattr(each, f"{role}_frame"))
        for each in requests
    }
    rows = images.by_id(session, {image_id for image_id, _, _ in wanted}, owner)
    return {choice.shape(rows[image_id], Choice(channel, frame)) for image_id, channel, frame in wanted}


def _check_size(name: str, mask: ImageRow, sizes: set[tuple[int, int]]) -> None:
    rows, columns = choice.shape(mask, Choice())
    for height, width in sizes - {(rows, columns)}:
        raise MaskInvalid(
            f"{name}: the mask has {columns} x {rows} px, but the image has {width} x {height} px. "
            "Give one value for each pixel of the image."
        )
