"""Candidates shifted by the periods of the images, where a periodic specimen fits itself as well."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from xebra.arrays import Floats
from xebra.estimate.autocorrelation_periods import autocorrelation_periods
from xebra.estimate.image_pair import Candidate, ImagePair, translation

SAME_SHARE = 0.25  # of a period: shifts that differ by less are one
SAME_PX = 2.0  # of the view: periods of the two images that differ by less are one


def periods(pair: ImagePair, size: int, candidate: Candidate | None = None) -> Floats:
    """Return the periods (K, 2) of the fixed image in its px, and those of the moving one by a candidate.

    They are measured in views of ``size`` px; the candidate transforms those of the moving image. Noise or
    contrast may hide a period in one of the images.
    """
    found = _of_fixed(pair, size)
    if candidate is None:
        return found
    same = SAME_PX * pair.fixed_from_view(size)[0, 0]
    for period in _of_fixed(pair.swapped(), size) @ np.linalg.inv(candidate.moving_from_fixed[:2, :2]).T:
        if not len(found) or np.hypot(*(found - period).T).min() > same:
            found = np.vstack([found, period])
    return found


def _of_fixed(pair: ImagePair, size: int) -> Floats:
    """Return the periods (K, 2) of the fixed image in its px."""
    shifts: Floats = autocorrelation_periods(pair.fixed_view(size)) * pair.fixed_from_view(size)[0, 0]
    return shifts


def with_sums(shifts: Floats) -> Floats:
    """Return periods (K, 2) and the sums (M, 2) of two of them, without 0.

    Every second line of a grid may differ: such a grid fits itself best two periods away.

    Examples:
        >>> with_sums(np.array([[5.0, 0.0], [-5.0, 0.0]])).tolist()
        [[5.0, 0.0], [-5.0, 0.0], [10.0, 0.0], [-10.0, 0.0]]
    """
    found = [*shifts]
    for first, second in combinations_with_replacement(shifts, 2):
        shift = first + second
        apart = min(np.hypot(*(shift - other)) for other in (*found, np.zeros(2)))
        if apart > SAME_SHARE * np.hypot(*first):
            found.append(shift)
    return np.array(found).reshape(-1, 2)


def shifted(candidate: Candidate, shifts: Floats) -> list[Candidate]:
    """Return a candidate moved by each of some shifts (K, 2), px of the fixed image."""
    return [Candidate(candidate.moving_from_fixed @ translation(*shift), candidate.score) for shift in shifts]
