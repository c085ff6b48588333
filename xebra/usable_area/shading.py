"""Slow shading of an image, as of uneven illumination, charging or a wedge: it is subtracted.

Shading that two images share supports the place where both are unmoved; different shading hides what they
have in common. A polynomial of second degree is fitted to the differences of neighbouring blocks, not to
their values: edges of the specimen are outliers there, a ramp is in all of them. The fit is by iteratively
reweighted least squares with Tukey's biweight (Beaton and Tukey, Technometrics 16, 147, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.levels import GreyRange

EXAMINED_PX = 480  # of the longer side
BLOCKS = 24  # along the longer side
LEAST_USABLE = 0.5  # of a block's pixels
FEWEST_DIFFERENCES = 100
TUKEY = 4.685  # robust standard deviations: differences further off have no weight
LEAST_SCALE = 1e-4  # of the range: images of few levels have a deviation of 0
ROUNDS = 10
SIGNIFICANT = 3.0  # standard errors, root mean square of the coefficients
RELEVANT = 1.5  # of the deviation of what is left: weaker shading may be of the specimen
WEAK = 0.5  # likewise, where the other image has shading or nothing is accepted otherwise


def without_shading(pixels: Pixels, mask: Mask, relevant: float = RELEVANT) -> Floats | None:
    """Return an image (H, W) without its shading; None where it has none.

    Args:
        pixels: grey values (H, W).
        mask: usable pixels (H, W).
        relevant: deviation of the shading from which it is subtracted, over that of the rest.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> ramp, seen = np.linspace(0, 3, 200) + np.zeros((200, 1)), rng.normal(size=(200, 200))
        >>> left = without_shading(seen + ramp, np.ones((200, 200), bool)) - seen
        >>> bool(np.abs(left - left.mean()).max() < 0.2)
        True
        >>> without_shading(seen, np.ones((200, 200), bool)) is None
        True
    """
    levels = GreyRange.of(pixels, mask)
    every = -(-max(pixels.shape) // EXAMINED_PX)
    blocks = _Blocks.of(levels.relative(pixels[::every, ::every]), mask[::every, ::every])
    found = _fit(blocks)
    if found is None:
        return None
    surface = blocks.terms @ found
    left = blocks.means - surface
    if surface[blocks.usable].std() < relevant * left[blocks.usable].std():
        return None
    x, y = (np.linspace(-1, 1, side, dtype=np.float32) for side in pixels.shape[::-1])
    a, b, c, d, e = (np.float32(levels.span * each) for each in found)
    shading = (a * x + c * x * x)[None] + (b * y + d * y * y)[:, None] + e * np.outer(y, x)
    exact = np.result_type(pixels.dtype, np.float32)  # that holds the steps of integers
    result: Floats = pixels.astype(exact) - shading
    return result


@dataclass(frozen=True)
class _Blocks:
    """Square blocks of an image: means (R, C), which are usable, and terms (R, C, 5) of the polynomial."""

    means: Floats
    usable: Mask
    terms: Floats

    @classmethod
    def of(cls, values: Floats, mask: Mask) -> _Blocks:
        """Return the blocks of values (H, W)."""
        side = -(-max(values.shape) // BLOCKS)
        starts = [np.arange(0, length, side) for length in values.shape]
        lengths = [np.minimum(side, length - at) for at, length in zip(starts, values.shape, strict=True)]
        sums, counts = (
            np.add.reduceat(np.add.reduceat(each.astype(np.float64), starts[0], 0), starts[1], 1)
            for each in (np.where(mask, values, 0), mask)
        )
        y, x = (
            (2 * at + long - 1) / max(length - 1, 1) - 1
            for at, long, length in zip(starts, lengths, values.shape, strict=True)
        )
        x, y = np.meshgrid(x, y)
        usable = counts >= LEAST_USABLE * np.maximum(np.outer(*lengths), side * side / 2)
        return cls(sums / np.maximum(counts, 1), usable, np.stack([x, y, x * x, y * y, x * y], -1))

    def differences(self, axis: int) -> tuple[Floats, Floats]:
        """Return the differences of neighbours along an axis: of the terms (N, 5) and of the means (N,)."""
        ahead, behind = (np.s_[1:], np.s_[:-1]) if axis == 0 else (np.s_[:, 1:], np.s_[:, :-1])
        both = self.usable[ahead] & self.usable[behind]
        return (self.terms[ahead] - self.terms[behind])[both], (self.means[ahead] - self.means[behind])[both]


def _fit(blocks: _Blocks) -> Floats | None:
    """Return the coefficients (5,) of the shading; None where they are not significant."""
    (down, down_steps), (across, across_steps) = (blocks.differences(axis) for axis in (0, 1))
    if min(len(down), len(across)) < FEWEST_DIFFERENCES / 2:
        return None
    terms, steps = np.concatenate([down, across]), np.concatenate([down_steps, across_steps])
    slopes = np.median(across_steps / across[:, 0]), np.median(down_steps / down[:, 1])
    found: Floats = np.array([*slopes, 0, 0, 0])
    for _ in range(ROUNDS):
        residual = steps - terms @ found
        scale = max(1.4826 * float(np.median(np.abs(residual))), LEAST_SCALE)
        weights = np.clip(1 - (residual / (TUKEY * scale)) ** 2, 0, None) ** 2
        weighted = terms * weights[:, None]
        information = weighted.T @ terms + 1e-9 * np.eye(5)
        found = np.linalg.solve(information, weighted.T @ steps)
    significance = np.sqrt(found @ information @ found / 5) / scale * np.sqrt(max(weights.mean(), 1e-3))
    return found if significance >= SIGNIFICANT else None
