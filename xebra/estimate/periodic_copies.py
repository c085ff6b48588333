"""Candidates shifted by the periods of the fixed image, where a periodic specimen fits itself as well."""

from __future__ import annotations

from xebra.arrays import Floats
from xebra.estimate.autocorrelation_periods import autocorrelation_periods
from xebra.estimate.image_pair import Candidate, ImagePair, translation


def periods(pair: ImagePair, size: int) -> Floats:
    """Return the periods (K, 2) of the fixed image, px of it, by its view of ``size`` px, shortest first."""
    shifts: Floats = autocorrelation_periods(pair.fixed_view(size)) * pair.fixed_from_view(size)[0, 0]
    return shifts


def shifted(candidate: Candidate, shifts: Floats) -> list[Candidate]:
    """Return a candidate moved by each of some shifts (K, 2), px of the fixed image."""
    return [Candidate(candidate.moving_from_fixed @ translation(*shift), candidate.score) for shift in shifts]
