"""Intensity refinement: least squares on pixel values, where both images show the same contrast.

Gauss-Newton with the gradients of the fixed image (Baker and Matthews, Int. J. Comput. Vis. 56, 221, 2004)
and free gain and offset, which maximises the correlation (Evangelidis and Psarakis, IEEE Trans. Pattern Anal.
Mach. Intell. 30, 1858, 2008). The gain may be negative: inverted contrast is the same contrast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import CELL, FREE, Evidence, motion_matrix
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.peak_flatness import undetermined_where_flat
from xebra.estimate.resampling import sample, sampling_step

SMOOTH_PX = 1.0  # of the view, standard deviation: interpolation smooths finer noise in one image only
MARGIN = 13  # px: side of the square around a px that both images must cover
MIN_COVERAGE = 0.1  # share of the view
MIN_CORRELATION = 0.4  # absolute value, at every step: below it the contrasts may differ
MIN_FINAL_CORRELATION = 0.75  # absolute value, at the last step
SAME_CONTRAST = 0.9  # from here on intensities are more precise than network and mutual information together
BLOCK_PX = 16  # side of the blocks within which residuals may be correlated
MAX_STEPS = 4
CONVERGED_PX = 0.01  # a step that moves the candidate by less is the last
EXCLUDED = 2.0  # times the residual variance of another estimate, from which on pixel values exclude a place
ROUNDING = 1e-5  # of the variance: what sums of values in float32 leave of images that are equal
MAX_DISTANCE_PX = 2.0  # from the network's estimate, at 256


@dataclass(frozen=True)
class IntensityEstimate:
    """A candidate refined by pixel values, with the absolute correlation that it reaches."""

    candidate: Candidate
    correlation: float

    @property
    def same_contrast(self) -> bool:
        """Return whether both images show so much the same contrast that nothing is more precise."""
        return self.correlation >= SAME_CONTRAST

    def excludes(self, other: IntensityEstimate) -> bool:
        """Return whether the pixel values differ much more at another estimate: a ratio of two variances.

        Thousands of px are compared, so that noise explains no such ratio; an estimate a period beside the
        right place excludes nothing, since its own variance is the larger one. Of exact copies none excludes
        another: what rounding leaves of the variance does not count.
        """
        return 1 - other.correlation**2 > EXCLUDED * max(1 - self.correlation**2, ROUNDING)


def refine_by_intensity(pair: ImagePair, candidate: Candidate) -> IntensityEstimate | None:
    """Return the candidate refined by pixel values, with evidence.

    Returns None where the contrasts differ, the overlap is too small or the candidate moves too far.
    """
    template = _FixedTemplate.of(pair, candidate)
    if template is None:
        return None
    fixed_from_view = pair.fixed_from_view(REFERENCE_WIDTH)
    view_from_fixed = np.linalg.inv(fixed_from_view)
    smooth, level_from_image = _smoothed_moving(pair, candidate.moving_from_fixed @ fixed_from_view)
    moved, shape = candidate, (REFERENCE_WIDTH, REFERENCE_WIDTH)
    for _ in range(MAX_STEPS):
        moving_from_view = moved.moving_from_fixed @ fixed_from_view
        values = sample(smooth, level_from_image @ moving_from_view, shape).ravel()
        correlation = abs(template.correlation(values))
        if correlation < MIN_CORRELATION:
            return None
        motion = motion_matrix(template.displacement(values), REFERENCE_WIDTH)
        before = moved
        moved = replace(moved, moving_from_fixed=pair.held(moving_from_view @ motion @ view_from_fixed))
        if corner_distance_px(pair, before, moved) < CONVERGED_PX:
            break
    if correlation < MIN_FINAL_CORRELATION or corner_distance_px(pair, candidate, moved) > MAX_DISTANCE_PX:
        return None
    evidence = template.evidence(values, candidate.score)
    found = replace(moved, evidence=evidence, view_size=REFERENCE_WIDTH)

    def residual(moving_from_fixed: Matrix) -> float:
        moving_from_view = moving_from_fixed @ fixed_from_view
        return (
            1 - template.correlation(sample(smooth, level_from_image @ moving_from_view, shape).ravel()) ** 2
        )

    return IntensityEstimate(undetermined_where_flat(found, pair, residual), correlation)


def _smoothed_moving(pair: ImagePair, moving_from_view: Matrix) -> tuple[Floats, Floats]:
    """Return the moving image at the view's scale, smoothed, and the 3 x 3 from image px to its px."""
    step = sampling_step(moving_from_view)
    pixels, image_from_level = pair.moving.level(step)
    smooth: Floats = ndimage.gaussian_filter(pixels, SMOOTH_PX * step / image_from_level[0, 0])
    return smooth, np.linalg.inv(image_from_level)


@dataclass(frozen=True)
class _FixedTemplate:
    """The fixed image's view with its derivatives; K px, those that not both images cover are 0."""

    values: Floats  # (K,), mean 0
    derivatives: Floats  # (F, K) by the displacement's free parameters, orthogonal to offset and gain
    free: tuple[int, ...]  # the F free parameters of 4, or of 6 for an affine displacement
    weight: Floats  # (K,): 1 where both images cover the px

    @classmethod
    def of(cls, pair: ImagePair, candidate: Candidate) -> _FixedTemplate | None:
        """Return the template of a pair; None where the overlap is too small or the image is constant."""
        view, inside = pair.fixed_view(REFERENCE_WIDTH)
        moving_from_view = candidate.moving_from_fixed @ pair.fixed_from_view(REFERENCE_WIDTH)
        moving_inside = pair.moving.coverage(moving_from_view, REFERENCE_WIDTH)
        both = np.minimum(inside, moving_inside) > 0.99
        weight = ndimage.minimum_filter(both.astype(np.float32), MARGIN, mode="constant").ravel()
        if weight.mean() < MIN_COVERAGE:
            return None
        smooth: Floats = ndimage.gaussian_filter(view, SMOOTH_PX)
        values = _centered(smooth.ravel(), weight)
        derivatives = np.stack([_centered(each, weight) for each in _derivatives(smooth, pair.free)])
        energy = float(values @ values)
        if not energy > 0:
            return None
        derivatives -= np.outer(derivatives @ values / energy, values)
        return cls(values, derivatives, pair.free, weight)

    def displacement(self, moving: Floats) -> Floats:
        """Return the Gauss-Newton step (P,) for the moving image's values (K,)."""
        step = np.zeros(self.parameters)
        step[list(self.free)] = -np.linalg.solve(self._curvature, self.derivatives @ moving)
        return step / (self._gain(moving) or 1.0)

    @cached_property
    def _curvature(self) -> Matrix:
        """The curvature (F, F) of the sum of squares at a gain of 1, with a ridge."""
        curvature: Matrix = self.derivatives @ self.derivatives.T
        curvature += 1e-6 * np.trace(curvature) * np.eye(len(curvature))
        return curvature

    @property
    def parameters(self) -> int:
        """Return the number of parameters P of the displacement."""
        return max(len(FREE["similarity"]), self.free[-1] + 1)

    def correlation(self, moving: Floats) -> float:
        """Return the correlation of the fixed values with the moving image's values (K,)."""
        norm = float(np.linalg.norm(_centered(moving, self.weight)))
        return float(self._gain(moving) * np.linalg.norm(self.values) / max(norm, 1e-9))

    def evidence(self, moving: Floats, score: float) -> Evidence:
        """Return the evidence of the least-squares solution, with two equal halves.

        Residuals of adjacent px are correlated where the contrasts differ slightly. The information is the
        inverse of the cluster-robust covariance with blocks as clusters (White, Econometrica 48, 817, 1980).
        The curvature is the product of the gradients of both images, whose noise is independent: the noise
        of one image would count as information along a straight edge, where there is none.
        """
        gain = self._gain(moving)
        residual = _centered(moving, self.weight) - gain * self.values
        scatter = self._block_scatter(gain * self.derivatives * residual)
        side = (REFERENCE_WIDTH, REFERENCE_WIDTH)
        product = gain * self.derivatives @ np.stack(_derivatives(moving.reshape(side), self.free)).T
        curvature = ((product + product.T) / 2).astype(float)
        unit = np.eye(len(self.free))
        scatter += (1e-9 * np.trace(scatter) + 1e-12 * abs(np.trace(curvature))) * unit
        count = self.parameters
        half = np.zeros((count, count))
        half[np.ix_(self.free, self.free)] = curvature @ np.linalg.solve(scatter, curvature) / 2
        none = np.zeros(count)
        return Evidence(none, np.stack([none, none]), np.stack([half, half]), score, free=self.free)

    @staticmethod
    def _block_scatter(gradients: Floats) -> Matrix:
        """Return the scatter matrix (F, F) of per-px gradients (F, K) summed over blocks."""
        count = REFERENCE_WIDTH // BLOCK_PX
        parts = gradients.reshape(-1, count, BLOCK_PX, count, BLOCK_PX)
        sums = parts.sum((2, 4)).reshape(len(gradients), -1)
        scatter: Matrix = (sums @ sums.T).astype(float)
        return scatter

    def _gain(self, moving: Floats) -> float:
        """Return the regression slope of the moving values on the fixed ones."""
        return float(self.values @ moving / (self.values @ self.values))


def _centered(values: Floats, weight: Floats) -> Floats:
    """Return values minus their weighted mean, 0 where the weight is 0."""
    centred: Floats = (values - (values @ weight) / weight.sum()) * weight
    return centred


def _derivatives(view: Floats, free: tuple[int, ...]) -> list[Floats]:
    """Return the derivatives (K,) of the values (N, N) by the free parameters of a displacement."""
    down, right = (slope * np.float32(CELL) for slope in np.gradient(view))
    line = ((np.arange(len(view)) - (len(view) - 1) / 2) / CELL).astype(np.float32)
    x, y = line[None, :], line[:, None]
    by_parameter = (
        lambda: right * x + down * y,
        lambda: down * x - right * y,
        lambda: right,
        lambda: down,
        lambda: right * x - down * y,
        lambda: right * y + down * x,
    )
    return [by_parameter[index]().ravel() for index in free]
