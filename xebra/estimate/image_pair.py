"""The pair of images with their views, and candidate transforms between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import FREE, Evidence
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.image import Image, luminance
from xebra.models import TransformModel
from xebra.transform import SimilarityTransform, homogeneous_corners, image_center
from xebra.usable_area import usable_areas

NOISY = 0.3  # of the variance: images with more noise are smoothed where the quick attempt finds nothing
SMOOTHING = 2.5  # px at 256, standard deviation
MAX_AVERAGED_PX = 12.0  # at 256: estimates that are further apart are not averaged
IDENTITY_ANGLES_DEG = (0.0, -10.0, 10.0)  # rotations of the candidates that need no search


@dataclass(frozen=True)
class Candidate:
    """A candidate transform with the output of its last refinement step."""

    moving_from_fixed: Matrix  # 3 x 3, image px
    score: float  # log odds; of the search until the first refinement step
    evidence: Evidence | None = None
    view_size: float = 0.0  # px of the view that the evidence is about, which covers the whole fixed image

    @property
    def known_evidence(self) -> Evidence:
        """Return the evidence; raise ValueError where the candidate was never refined."""
        if self.evidence is None:
            raise ValueError("this candidate has no evidence: it was never refined")
        return self.evidence


class ImagePair:
    """A fixed and a moving image, with square views that cover each of them whole."""

    def __init__(self, fixed: Image, moving: Image):
        self.areas = usable_areas(luminance(fixed.pixels), luminance(moving.pixels), fixed.mask, moving.mask)
        self.fixed, self.moving = (
            ImagePyramid(image, None if area.mask.all() else area.mask)
            for image, area in zip((fixed, moving), self.areas, strict=True)
        )
        self.moving_per_fixed: float | None = None  # px, where both pixel spacings are known
        self.model: TransformModel = "similarity"
        self.moving_stretch: Matrix = np.eye(2)  # of the moving image's view about its centre, in the search
        self._fixed_views: dict[int, Floats] = {}

    def swapped(self) -> ImagePair:
        """Return the pair with fixed and moving image exchanged."""
        other = copy(self)
        other.fixed, other.moving = self.moving, self.fixed
        other.moving_per_fixed = self.moving_per_fixed and 1 / self.moving_per_fixed
        other._fixed_views = {}
        return other

    @property
    def free(self) -> tuple[int, ...]:
        """Return the parameters of a displacement that the model leaves free."""
        return FREE[self.model]

    def with_model(self, model: TransformModel) -> ImagePair:
        """Return the pair with another model of the transform."""
        other = copy(self)
        other.model = model
        return other

    def held(self, moving_from_fixed: Matrix) -> Matrix:
        """Return a 3 x 3 with the scale and the angle that the model holds; the fixed centre stays in place.

        The scale is that of ``moving_per_fixed``, the angle is 0.
        """
        if self.model in ("similarity", "affine"):
            return moving_from_fixed
        scale, center = self.moving_per_fixed or 1.0, image_center(self.fixed.shape)
        linear = moving_from_fixed[:2, :2]
        angle = 0.0 if self.model == "translation" else math.atan2(linear[1, 0], linear[0, 0])
        there = (moving_from_fixed @ [*center, 1])[:2]
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        result = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
        result[:2, 2] = there - result[:2, :2] @ center
        return result

    @property
    def is_noisy(self) -> bool:
        """Return whether noise from px to px is a large part of what one of the views shows."""
        return max(noise_share(image) for image in (self.fixed, self.moving)) > NOISY

    def smoothed(self) -> ImagePair:
        """Return the pair with both images smoothed."""
        other = copy(self)
        other.fixed, other.moving = (
            image.smoothed(SMOOTHING * max(image.shape) / REFERENCE_WIDTH)
            for image in (self.fixed, self.moving)
        )
        other._fixed_views = {}
        return other

    def fixed_view(self, size: int) -> Floats:
        """Return the view (2, size, size) of the whole fixed image; cached."""
        if size not in self._fixed_views:
            self._fixed_views[size] = self.fixed.view(self.fixed_from_view(size), size)
        return self._fixed_views[size]

    def fixed_from_view(self, size: float, step: float | None = None) -> Matrix:
        """Return the 3 x 3 from view px to fixed px for a view of the whole fixed image."""
        return full_view_matrix(self.fixed.shape, size, step)

    def image_from_view(self, size: int) -> tuple[Matrix, Matrix]:
        """Return the 3 x 3 from view px to fixed px and to moving px for views of the whole images.

        Both views have the same physical scale where both pixel spacings are known.
        """
        fixed_from_view = self.fixed_from_view(size)
        step = None if self.moving_per_fixed is None else fixed_from_view[0, 0] * self.moving_per_fixed
        moving_from_view = full_view_matrix(self.moving.shape, size, step)
        return fixed_from_view, moving_from_view @ about(self.moving_stretch, size)

    def coverage(self, candidate: Candidate, size: int) -> float:
        """Return the share of a view of the fixed image that the usable areas of both images cover."""
        moving_from_view = candidate.moving_from_fixed @ self.fixed_from_view(size)
        both = np.minimum(self.fixed_view(size)[1], self.moving.coverage(moving_from_view, size))
        return float(both.mean())

    def from_views(self, moving_from_fixed: Matrix, size: int) -> Matrix:
        """Convert a 3 x 3 moving_from_fixed from px of the whole-image views to image px."""
        fixed_from_view, moving_from_view = self.image_from_view(size)
        return moving_from_view @ moving_from_fixed @ np.linalg.inv(fixed_from_view)


def noise_share(image: ImagePyramid) -> float:
    """Return the variance of differences of adjacent px over that of unrelated px, in a view of 256 px."""
    values, inside = image.view(full_view_matrix(image.shape, REFERENCE_WIDTH), REFERENCE_WIDTH)
    usable = inside > 0.99
    steps = np.diff(values, axis=1)[usable[:, 1:] & usable[:, :-1]]
    variance = values[usable].var() if usable.any() else 0.0
    return float(steps.var() / (2 * variance)) if steps.size and variance > 0 else 0.0


def full_view_matrix(shape: tuple[int, ...], size: float, step: float | None = None) -> Matrix:
    """Return the 3 x 3 image_from_view of a concentric view of ``size`` px at ``step`` image px per view px.

    By default the view covers the longer side of the image exactly.
    """
    step = step or max(shape) / size
    x, y = ((side - 1) / 2 - step * (size - 1) / 2 for side in shape[::-1])
    return np.array([[step, 0, x], [0, step, y], [0, 0, 1.0]])


def about(linear: Matrix, size: float) -> Matrix:
    """Return the 3 x 3 of a linear part (2 x 2) about the centre of a view of ``size`` px."""
    result = np.eye(3)
    result[:2, :2] = linear
    result[:2, 2] = (np.eye(2) - linear) @ np.full(2, (size - 1) / 2)
    return result


def identity_candidates(pair: ImagePair, size: int) -> list[Candidate]:
    """Return candidates with the image centres aligned, unrotated first, then slightly rotated."""
    center = image_center((size, size))
    rotations = (
        SimilarityTransform(1.0, math.radians(angle), (0.0, 0.0), center).matrix
        for angle in IDENTITY_ANGLES_DEG
    )
    found = [Candidate(pair.held(pair.from_views(np.linalg.inv(r), size)), 0.0) for r in rotations]
    return found[:1] if pair.model == "translation" else found


def corner_distance_px(pair: ImagePair, one: Candidate, other: Candidate) -> float:
    """Return the mean distance of two candidates at the corners of the fixed image, px at 256."""
    return float(corner_distances_px(pair, one, [other])[0])


def corner_distances_px(pair: ImagePair, one: Candidate, others: Sequence[Candidate]) -> Floats:
    """Return the mean distance (K,) of each of other candidates at the fixed image's corners, px at 256."""
    corners = homogeneous_corners(pair.fixed.shape)
    matrices = np.array([other.moving_from_fixed for other in others]).reshape(-1, 3, 3)
    differences = np.linalg.inv(one.moving_from_fixed) @ matrices
    moved = (corners @ differences.transpose(0, 2, 1) - corners)[..., :2]
    distances: Floats = np.hypot(moved[..., 0], moved[..., 1]).mean(-1)
    return distances * (REFERENCE_WIDTH / max(pair.fixed.shape))


def distinct(
    pair: ImagePair, candidates: Iterable[Candidate], apart_px: float, count: int | None = None
) -> list[Candidate]:
    """Return the first ``count`` of candidates that are further than ``apart_px`` from all kept before.

    Args:
        pair: of the candidates.
        candidates: the one that is to be kept first.
        apart_px: mean distance at the corners of the fixed image, px at 256.
        count: None: all.
    """
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) == count:
            break
        if not kept or corner_distances_px(pair, candidate, kept).min() > apart_px:
            kept.append(candidate)
    return kept


def averaged(pair: ImagePair, candidates: Sequence[Candidate]) -> Candidate:
    """Return the mean of candidates that are close to the first one, else the first one."""
    best, *others = candidates
    if others and corner_distances_px(pair, best, others).max() > MAX_AVERAGED_PX:
        return best
    return replace(best, moving_from_fixed=np.mean([each.moving_from_fixed for each in candidates], 0))


def scale_of(matrix: Matrix) -> float:
    """Return the scale of a 3 x 3 similarity."""
    return math.sqrt(abs(np.linalg.det(matrix[:2, :2])))


def translation(x: float, y: float) -> Matrix:
    """Return the 3 x 3 translation by (x, y)."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
