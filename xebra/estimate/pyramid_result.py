"""The result of one attempt of the default network, in terms of the fixed and the moving image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.affine_covariance import affine_covariance
from xebra.estimate.attempts import Attempt
from xebra.estimate.field_of_view import Role
from xebra.estimate.image_pair import scale_of
from xebra.estimate.quality_features import detail_covariance, parameter_covariance
from xebra.image import Image
from xebra.models import TransformModel
from xebra.prior import Deviation, Prior
from xebra.registration import Place, SearchMap


@dataclass(frozen=True)
class PyramidResult(Attempt):
    """The attempt that is reported, with what is known about the pair.

    ``best`` maps from the detail to the overview where ``detail`` names one of the images, else from the
    fixed to the moving image. The image that it maps from is the reference of lengths.
    """

    period_px: float | None  # of the reference, in its px, where a shift by it fits nearly as well
    search: SearchMap | None  # None: nothing was searched
    detail: Role | None = None  # the image that shows a part of the other one
    places: tuple[Place, ...] = ()  # of the detail in the overview: the reported one, then the next best
    equal_places: int = 1  # places of the overview that fit nearly as well, the reported one included
    model: TransformModel = "similarity"
    origin: Literal["search", "prior", "stretched", "synthesis"] = "search"
    unconfirmed: bool = False  # synthesis of the other image leads to another place
    unexpected: bool = False  # a detail that neither the sizes nor the pixel spacings suggest

    @property
    def moving_from_fixed(self) -> Matrix:
        """Return the 3 x 3 from the fixed to the moving image."""
        matrix = self.best.moving_from_fixed
        return np.linalg.inv(matrix) if self.detail == "moving" else matrix

    @property
    def synthesised(self) -> bool:
        """Return whether one image was shown as the other modality would show it."""
        return self.origin == "synthesis"

    @property
    def is_ambiguous(self) -> bool:
        """Return whether another place fits nearly as well."""
        return self.places_alike > 1

    @property
    def places_alike(self) -> int:
        """Return how many places fit nearly as well: at least two where a shift by a period does."""
        return max(self.equal_places, 2 if self.period_px is not None or self.unconfirmed else 1)

    @property
    def fixed_px(self) -> float:
        """Return the length of a px of the reference in px of the fixed image."""
        return scale_of(self.best.moving_from_fixed) if self.detail == "moving" else 1.0

    def width_px(self, fixed: Image, moving: Image) -> float:
        """Return the longer side of the reference in px of the fixed image."""
        reference = moving if self.detail == "moving" else fixed
        return max(reference.shape[:2]) * self.fixed_px

    def covariance(self, fixed: Image, moving: Image) -> Matrix:
        """Return the covariance of log scale, angle, shift of the moving centre, not calibrated.

        (4, 4), or (6, 6) with the stretch (a, b) of an affine transform.
        """
        if self.model == "affine":
            return affine_covariance(self.best, fixed.shape, moving.shape, self.detail == "moving")
        if self.detail == "moving":
            return detail_covariance(self.best, moving.shape)
        return parameter_covariance(self.best, fixed.shape, moving.shape)

    def beside_prior(self, prior: Prior | None, fixed: Image, moving: Image) -> Deviation | None:
        """Return how far the result is from a prior where it is outside the tolerances, else None."""
        if prior is None:
            return None
        deviation = prior.deviation(np.linalg.inv(self.moving_from_fixed), moving.shape)
        return None if prior.allows(deviation, fixed.shape) else deviation
