"""Places of an overview where a detail correlates best by its pixel values: tells copies of a pattern apart.

Features of 8 px do not show by what one copy of a repeated pattern differs from the next; pixels may. Masked
normalised cross-correlation over all positions (Padfield, IEEE Trans. Image Process. 21, 2706, 2012), with
angle and scale as they are.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import fft, ndimage

from xebra.arrays import Floats, Matrix
from xebra.estimate.image_pair import Candidate, ImagePair, scale_of, translation
from xebra.estimate.intensity_refinement import refine_by_intensity
from xebra.transform import homogeneous_corners

MAX_SIDE = 2048  # px of the overview's view
MIN_OVERLAP = 0.6  # of the detail
PLACES = 4  # the best ones, compared after their own refinement
APART = 0.1  # of the detail's side: nearer maxima are one place


def places_by_intensity(pair: ImagePair, candidate: Candidate) -> list[Candidate]:
    """Return the candidate, whose fixed image is the detail, moved to the places that correlate best.

    Empty where the two images do not show the same contrast.
    """
    if refine_by_intensity(pair, candidate) is None:
        return []
    step = max(1.0, scale_of(candidate.moving_from_fixed), max(pair.moving.shape) / MAX_SIDE)
    overview = pair.moving.view(_view_at((0.0, 0.0), step), _shape(np.array(pair.moving.shape[::-1]), step))
    corners = (homogeneous_corners(pair.fixed.shape) @ candidate.moving_from_fixed.T)[:, :2]
    moving_from_template = _view_at(corners.min(0), step)
    fixed_from_template = np.linalg.inv(candidate.moving_from_fixed) @ moving_from_template
    template = pair.fixed.view(fixed_from_template, _shape(np.ptp(corners, axis=0), step))
    scores = np.abs(masked_correlation(overview, template))
    distance = max(2, round(APART * max(template.shape[1:])))
    shifts = [step * place - corners.min(0) for place in _maxima(scores, template.shape[1:], distance)]
    return [
        replace(candidate, moving_from_fixed=translation(*s) @ candidate.moving_from_fixed) for s in shifts
    ]


def masked_correlation(overview: Floats, template: Floats) -> Floats:
    """Return the correlation coefficients (rows, columns) by the position of a template's first px.

    Both are values and coverage (2, rows, columns). Positions begin at minus the template's size plus 1;
    0 where the overlap is too small.
    """
    (values, usable), (pattern, shape) = (
        (view[0] * (view[1] > 0.5), (view[1] > 0.5).astype(np.float32)) for view in (overview, template)
    )
    size = [fft.next_fast_len(a + b - 1, real=True) for a, b in zip(values.shape, shape.shape, strict=True)]
    large = [fft.rfft2(each, size) for each in (values, values**2, usable)]
    small = [np.conj(fft.rfft2(each, size)) for each in (pattern, pattern**2, shape)]

    def summed(one: int, other: int) -> Floats:
        result: Floats = fft.irfft2(large[one] * small[other], size)
        return result

    count = np.maximum(summed(2, 2), 1e-3)
    first, second = summed(0, 2), summed(2, 0)
    spread = np.maximum(summed(1, 2) - first**2 / count, 0) * np.maximum(summed(2, 1) - second**2 / count, 0)
    enough = (count > MIN_OVERLAP * shape.sum()) & (spread > 1e-6 * spread.max(initial=0))
    scores = np.where(
        enough, (summed(0, 0) - first * second / count) / np.sqrt(np.where(enough, spread, 1)), 0
    )
    rows, columns = (side - 1 for side in shape.shape)
    moved = np.roll(scores, (rows, columns), (0, 1))
    return moved[: values.shape[0] + rows, : values.shape[1] + columns]


def _maxima(scores: Floats, shape: tuple[int, ...], distance: int) -> list[Floats]:
    """Return the positions (x, y) of a template's first px at the highest maxima, highest first."""
    highest = scores == ndimage.maximum_filter(scores, 2 * distance + 1)
    places = np.argwhere(highest & (scores > 0))
    best = places[np.argsort(-scores[tuple(places.T)], kind="stable")][:PLACES]
    return [np.array([column - (shape[1] - 1), row - (shape[0] - 1)], float) for row, column in best]


def _view_at(start: Floats | tuple[float, float], step: float) -> Matrix:
    """Return the 3 x 3 image_from_view of a view that begins at a point."""
    return np.array([[step, 0, start[0]], [0, step, start[1]], [0, 0, 1.0]])


def _shape(size: Floats, step: float) -> tuple[int, int]:
    """Return rows and columns of a view of a size (x, y) in px of the image."""
    columns, rows = (math.ceil(side / step) + 1 for side in size)
    return rows, columns
