"""/api/v1/registrations/ID/matches: what the network matches to one point, for corrections by hand."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from api import previews, problems
from api.dependencies import StoreDep
from api.errors import NoResult
from api.images.source import Source
from api.registrations import current
from api.registrations.corrections import check_invertible
from api.registrations.direct import DirectRegistration
from api.registrations.example import PATH, RESULT
from api.registrations.result import Matrix
from api.registrations.routes import SucceededDep
from db.errors import ObjectAltered, ObjectMissing, RegistrationNotFound
from db.rows import RegistrationRow
from db.store import ImageStore
from xebra import Image
from xebra.errors import EngineFailed, ImageChoiceNeeded, RegistrationError
from xebra.estimate.local_match import LocalMatch
from xebra.usable_area.runs import mask_of

router = APIRouter(prefix=PATH + "/{registration_id}/matches", tags=["registrations"])
Coordinate = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]


class PointToMatch(BaseModel):
    """A point of the fixed image, and a transform that is nearly right there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"point": [120, 100], "fixed_from_moving": RESULT["fixed_from_moving"]}
        },
    )

    point: tuple[Coordinate, Coordinate] = Field(description="(x, y) in px of the fixed image.")
    fixed_from_moving: Annotated[Matrix, AfterValidator(check_invertible)] = Field(
        description="Right up to a shift of `reach_px`; the linear part is held."
    )
    reach_px: float | None = Field(
        None,
        gt=0,
        le=4096,
        allow_inf_nan=False,
        description="In px of the fixed image; default: 3 % of its longer side.",
    )


class PointMatch(BaseModel):
    """The point of the moving image that shows the same; None where the images do not decide it."""

    moving_point: tuple[float, float] | None = Field(description="(x, y) in px of the moving image.")
    standard_error_px: float | None = Field(description="Of either coordinate, in px of the fixed image.")


@router.post(
    "",
    summary="Match point",
    responses=problems.documented(
        *(RegistrationNotFound, NoResult, RequestValidationError, ImageChoiceNeeded),
        *(ObjectMissing, ObjectAltered, EngineFailed),
    ),
)
def match_point(body: PointToMatch, row: SucceededDep, store: StoreDep, request: Request) -> PointMatch:
    """Return the point of the moving image that shows what a point of the fixed image shows.

    The network compares the surroundings of the point under the given transform. Nothing is stored.
    """
    direct: DirectRegistration = request.app.state.direct
    with previews.waiting():
        found = direct.threads.submit(_match, direct, row, store, body).result()
    if found is None:
        return PointMatch(moving_point=None, standard_error_px=None)
    return PointMatch(moving_point=found.moving, standard_error_px=found.standard_error_px)


def _match(
    direct: DirectRegistration, row: RegistrationRow, store: ImageStore, body: PointToMatch
) -> LocalMatch | None:
    fixed, moving = _images(row, store)
    matrix = np.array(body.fixed_from_moving)
    return direct.aligner.match_point(fixed, moving, matrix, body.point, body.reach_px)


def _images(row: RegistrationRow, store: ImageStore) -> tuple[Image, Image]:
    """Return both images with the areas that were used of them.

    Raises:
        ObjectAltered: a stored image cannot be registered any more.
    """
    assert row.result is not None  # checked by SucceededDep
    used = row.result.body.get("usable_area") or {}
    given = zip((row.fixed_image, row.moving_image), current.choices(row), ("fixed", "moving"), strict=True)
    fixed, moving = (_image(Source.of(store, image, wanted), used.get(role)) for image, wanted, role in given)
    return fixed, moving


def _image(source: Source, used: dict[str, Any] | None) -> Image:
    try:
        pixels = source.values()
        mask = None if used is None else mask_of(used["runs"], pixels.shape)
        return Image(pixels, name=source.name, mask=mask)
    except ImageChoiceNeeded:
        raise
    except (RegistrationError, ValueError) as error:
        raise ObjectAltered(f"{source.name} cannot be compared: {error}") from error
