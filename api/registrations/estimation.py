"""What a client may ask of the estimator: the family of the transform, a prior, known tilts."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.registrations.result import Matrix
from xebra.models import TransformModel

ModelField = Field(
    description="Family of the transform. `affine` also finds tilt, shear and oblong pixels; `rigid` holds"
    " the scale of the pixel spacings, `translation` also the angle. `field` is a similarity with a smooth"
    " displacement and a drift of the rows, `auto` the simplest of similarity, affine and field, as far as"
    " blocks that are held out confirm them; the result's `transform_model` is the one that was chosen."
)


def _check_affine(matrix: Matrix) -> Matrix:
    """Raise ValueError where a matrix is not affine or has no inverse."""
    if matrix[2] != (0, 0, 1) or not np.isfinite(matrix).all():
        raise ValueError("fixed_from_moving must be finite, and its last row (0, 0, 1)")
    if abs(np.linalg.det(np.array(matrix)[:2, :2])) < 1e-12:
        raise ValueError("fixed_from_moving must have an inverse")
    return matrix


class PriorGuess(BaseModel):
    """A transform that is known approximately; the images may overrule it."""

    model_config = ConfigDict(extra="forbid")

    fixed_from_moving: Annotated[Matrix, AfterValidator(_check_affine)] = Field(
        description="Maps a point (x, y, 1) of the moving image to the fixed image, px."
    )
    shift: float = Field(0.05, gt=0, le=10, description="Tolerance, of the fixed image's longer side.")
    angle_deg: float = Field(3.0, gt=0, le=180, description="Tolerance.")
    scale: float = Field(0.03, gt=0, le=10, description="Tolerance, relative.")


class Tilt(BaseModel):
    """A tilt of the specimen that is known."""

    model_config = ConfigDict(extra="forbid")

    degrees: float = Field(ge=-80, le=80)
    axis_deg: float = Field(0.0, ge=-360, le=360, description="From +x towards +y.")


class Estimation(BaseModel):
    """Options of the estimator."""

    model: Annotated[TransformModel, ModelField] = "similarity"
    prior: PriorGuess | None = None
    fixed_tilt: Tilt | None = None
    moving_tilt: Tilt | None = None


OPTIONS = tuple(Estimation.model_fields)
