"""To the precision that the noise allows, where both images show one contrast: least squares on their px.

Gauss and Newton's method with the fixed image's slopes (Baker and Matthews, Int. J. Comput. Vis. 56, 221,
2004), gain and offset free, so that it seeks the highest correlation (Evangelidis and Psarakis, IEEE Trans.
Pattern Anal. Mach. Intell. 30, 1858, 2008). A gain below zero is as good: one image is the other's negative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xebra.estimate.displacement import CELL, Evidence, matrix
from xebra.estimate.pyramid import WIDTH, Candidate, Pair, apart_px
from xebra.estimate.views import sampled, step_of

SMOOTH_PX = 1.0  # of the view: finer detail is noise, which interpolation would smooth in one image only
MARGIN = 13  # px: side of the square around a px that both images must show
LEAST_SHARE = 0.1  # of the view: less is too little to go by
UNLIKE, ALIKE = (
    0.4,
    0.75,
)  # correlation, either sign: below, contrasts may differ, and the network knows better
BLOCK_PX = 16  # side of the blocks whose px may err together
PASSES = 4  # at most
STILL_PX = 0.01  # a step by less is the last
FURTHEST_PX = 2.0  # from the network's answer: further is another answer


def polished(pair: Pair, candidate: Candidate) -> Candidate | None:
    """A candidate where the px put it, with evidence of theirs; None where they have no say."""
    fixed = _Fixed.of(pair, candidate)
    if fixed is None:
        return None
    to_fixed = pair.square(pair.fixed, WIDTH)
    back = np.linalg.inv(to_fixed)
    step = step_of(candidate.moving_from_fixed @ to_fixed)
    pixels, unbinned = pair.moving.binned(step)
    smooth = ndimage.gaussian_filter(pixels, SMOOTH_PX * step / unbinned[0, 0])
    moved = candidate
    for _ in range(PASSES):
        through = moved.moving_from_fixed @ to_fixed
        values = sampled(smooth, np.linalg.inv(unbinned) @ through, (WIDTH, WIDTH)).ravel()
        alike = abs(fixed.correlation(values))
        if alike < UNLIKE:
            return None
        nearer = through @ matrix(fixed.displacement(values), WIDTH) @ back
        before, moved = moved, replace(moved, moving_from_fixed=nearer)
        if apart_px(pair, before, moved) < STILL_PX:
            break
    if alike < ALIKE or apart_px(pair, candidate, moved) > FURTHEST_PX:
        return None
    return replace(moved, evidence=fixed.evidence(values, candidate.score), size=WIDTH)


@dataclass(frozen=True)
class _Fixed:
    """The fixed image's view, as least squares wants it: px by px, none where not both images are."""

    values: np.ndarray  # (K,), mean 0
    slopes: np.ndarray  # (4, K): by each parameter of a displacement, what offset and gain explain taken off
    weight: np.ndarray  # (K,): 1 where both images are

    @classmethod
    def of(cls, pair: Pair, candidate: Candidate) -> _Fixed | None:
        """None where the images have too little in common, or it shows nothing."""
        values, inside = pair.whole(WIDTH)
        through = candidate.moving_from_fixed @ pair.square(pair.fixed, WIDTH)
        both = np.minimum(inside, pair.moving.usable(through, WIDTH)) > 0.99
        weight = ndimage.minimum_filter(both.astype(np.float32), MARGIN, mode="constant").ravel()
        if weight.mean() < LEAST_SHARE:
            return None
        seen = ndimage.gaussian_filter(values, SMOOTH_PX)
        known = _centred(seen.ravel(), weight)
        slopes = np.stack([_centred(slope, weight) for slope in _slopes(seen)])
        energy = float(known @ known)
        if not energy > 0:
            return None
        slopes -= np.outer(slopes @ known / energy, known)
        return cls(known, slopes, weight)

    def displacement(self, values: np.ndarray) -> np.ndarray:
        """(4,) that would bring the moving image's values (K,) nearest to a multiple of the fixed one's."""
        curvature = self.slopes @ self.slopes.T
        ridge = 1e-6 * np.trace(curvature) * np.eye(4)
        return -np.linalg.solve(curvature + ridge, self.slopes @ values) / (self._gain(values) or 1.0)

    def correlation(self, values: np.ndarray) -> float:
        spread = np.linalg.norm(_centred(values, self.weight))
        return float(self._gain(values) * np.linalg.norm(self.values) / max(spread, 1e-9))

    def evidence(self, values: np.ndarray, score: float) -> Evidence:
        """What least squares leave open, both halves alike.

        Where contrasts differ a little, neighbouring px err together: what they want is summed over blocks,
        and the scatter of the sums counts (White's estimator, Econometrica 48, 817, 1980, clustered).
        """
        gain = self._gain(values)
        rest = _centred(values, self.weight) - gain * self.values
        count = WIDTH // BLOCK_PX
        wanted = (
            (gain * self.slopes * rest)
            .reshape(4, count, BLOCK_PX, count, BLOCK_PX)
            .sum((2, 4))
            .reshape(4, -1)
        )
        curvature = (gain**2 * self.slopes @ self.slopes.T).astype(float)
        scatter = (wanted @ wanted.T).astype(float)
        scatter += 1e-9 * np.trace(scatter) * np.eye(4) + 1e-12 * np.trace(curvature) * np.eye(4)
        half = curvature @ np.linalg.solve(scatter, curvature) / 2
        return Evidence(np.zeros(4), np.zeros((2, 4)), np.stack([half, half]), score)

    def _gain(self, values: np.ndarray) -> float:
        return float(self.values @ values / (self.values @ self.values))


def _centred(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (values - (values @ weight) / weight.sum()) * weight


def _slopes(seen: np.ndarray) -> list[np.ndarray]:
    """(K,) each: change of the values (N, N) with the four parameters of a displacement."""
    down, right = (slope * np.float32(CELL) for slope in np.gradient(seen))
    line = ((np.arange(len(seen)) - (len(seen) - 1) / 2) / CELL).astype(np.float32)
    x, y = line[None, :], line[:, None]
    return [s.ravel() for s in (right * x + down * y, down * x - right * y, right, down)]
