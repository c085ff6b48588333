"""The result of one attempt of the default network, in terms of the fixed and the moving image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.affine_covariance import affine_covariance, converted_covariance
from xebra.estimate.attempts import Attempt
from xebra.estimate.content_frame import ContentFrames
from xebra.estimate.field_of_view import Role
from xebra.estimate.image_pair import scale_of
from xebra.estimate.quality_features import detail_covariance, parameter_covariance
from xebra.image import Image
from xebra.models import TransformModel
from xebra.prior import Deviation, Prior
from xebra.registration import Place, SearchMap
from xebra.transform import AffineTransform, image_center


@dataclass(frozen=True)
class PyramidResult(Attempt):
    """The attempt that is reported, with what is known about the pair.

    ``best`` maps from the detail to the overview where ``detail`` names one of the images, else from the
    fixed to the moving image. The image that it maps from is the reference of lengths. With ``frames`` it
    maps between the parts of both images that show something.
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
    frames: ContentFrames | None = None  # the parts of both images that were compared; None: the images

    @property
    def moving_from_fixed(self) -> Matrix:
        """Return the 3 x 3 from the fixed to the moving image."""
        if self.frames is None:
            return self._moving_from_fixed
        return np.linalg.inv(self.frames.between_images(np.linalg.inv(self._moving_from_fixed)))

    @property
    def _moving_from_fixed(self) -> Matrix:
        """Return the 3 x 3 from fixed to moving of what was compared: the images or parts of them."""
        matrix = self.best.moving_from_fixed
        return np.linalg.inv(matrix) if self.detail == "moving" else matrix

    def within(self, frames: ContentFrames) -> PyramidResult:
        """Return the result between parts of two images as one between the images."""
        places = tuple(
            replace(place, fixed_from_moving=frames.between_images(place.fixed_from_moving))
            for place in self.places
        )
        return replace(self, frames=frames, places=places, search=_turned(self.search, frames.turn_deg))

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
        if self.frames is None:
            return self._covariance(fixed.shape, moving.shape)
        parts = self.frames.fixed.image.shape, self.frames.moving.image.shape
        known = self._covariance(*parts)
        fixed_from_moving = np.linalg.inv(self._moving_from_fixed)
        compared = AffineTransform.from_matrix(fixed_from_moving, image_center(parts[1]))
        found = converted_covariance(known, compared, self.frames.between_images, moving.shape)
        return found[: len(known), : len(known)]

    def _covariance(self, fixed_shape: tuple[int, ...], moving_shape: tuple[int, ...]) -> Matrix:
        """Return the covariance between what was compared, images of these shapes."""
        if self.model == "affine":
            return affine_covariance(self.best, fixed_shape, moving_shape, self.detail == "moving")
        if self.detail == "moving":
            return detail_covariance(self.best, moving_shape)
        return parameter_covariance(self.best, fixed_shape, moving_shape)

    def beside_prior(self, prior: Prior | None, fixed: Image, moving: Image) -> Deviation | None:
        """Return how far the result is from a prior where it is outside the tolerances, else None."""
        if prior is None:
            return None
        deviation = prior.deviation(np.linalg.inv(self.moving_from_fixed), moving.shape)
        return None if prior.allows(deviation, fixed.shape) else deviation


def _turned(search: SearchMap | None, degrees: float) -> SearchMap | None:
    """Return a search map whose angles are larger by some degrees, in rising order from 0."""
    if search is None or degrees == 0:
        return search
    angles = (np.array(search.angles_deg) + degrees) % 360
    order = np.argsort(angles)
    scores = np.array(search.scores)[:, order]
    return SearchMap(angles[order].round(4).tolist(), search.scales, scores.tolist())
