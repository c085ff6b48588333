"""Match a frame with a key frame: correlation of coarse frames, then grey values, coarse and fine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Complexes, Floats, Matrix
from xebra.series.correlation import Peak, peaks, spectrum_of
from xebra.series.frame import Levels, binned, warped
from xebra.series.geometry import linear_only, spread_px
from xebra.series.key_frame import KeyFrame, in_coarse, in_working
from xebra.series.template import Fit

LOWEST_PEAK = 6.0  # deviations; the highest of the noise of 65,536 px is near 4.5
FEWEST_CERTAINTY = (
    12.0  # empty frames reach 4.5, frames of other specimens 8.2 (244 pairs), others 80 and more
)
CERTAIN = 20.0  # from which no further candidate is tried
TURNED_PX = 0.5  # coarse px at the corners from which a frame is turned before it is correlated
COARSE_STEPS, FINE_STEPS = 5, 3
SAME_PX = 2.0  # coarse px within which two candidates are one


@dataclass(frozen=True)
class Match:
    """The pose ``key_from_frame`` in working px, and how the grey values fit there."""

    pose: Matrix
    fit: Fit


class View:
    """A frame at both resolutions, and its spectrum when it is turned by an expected pose."""

    def __init__(self, values: Floats, levels: Levels):
        """Make the view of working values (h, w)."""
        self.values, self.levels = values, levels
        self.coarse = binned(values, levels.coarse)
        self._spectra: dict[bytes, Complexes] = {}

    def spectrum(self, turn: Matrix) -> Complexes:
        """Return the spectrum of the coarse frame, resampled by a linear map about its centre."""
        if spread_px(turn, np.eye(3), self.coarse.shape) < TURNED_PX:
            turn = np.eye(3)
        key = turn.tobytes()
        if key not in self._spectra:
            turned = (
                self.coarse if np.array_equal(turn, np.eye(3)) else warped(self.coarse, np.linalg.inv(turn))
            )
            self._spectra[key] = spectrum_of(turned)
        return self._spectra[key]


def match(key: KeyFrame, view: View, expected: Matrix, fine: bool = True) -> Match | None:
    """Return the match of a frame with a key, or None.

    ``expected``: the pose ``key_from_frame`` that is predicted; its linear part must be near the truth.
    """
    best: Match | None = None
    for pose in _candidates(key, view, expected):
        found = key.coarse.align(view.coarse, pose, COARSE_STEPS)
        if found and (best is None or found[1].certainty > best.fit.certainty):
            best = Match(*found)
            if best.fit.certainty > CERTAIN:
                break
    if best is None or best.fit.certainty < FEWEST_CERTAINTY:
        return None
    pose = in_working(best.pose, view.levels)
    return refined(key, view, pose) if fine else Match(pose, best.fit)


def refined(key: KeyFrame, view: View, pose: Matrix, steps: int = FINE_STEPS) -> Match | None:
    """Return the match at the working resolution near a pose, or None."""
    found = key.fine.align(view.values, pose, steps)
    return Match(*found) if found and found[1].certainty >= FEWEST_CERTAINTY else None


def correlated(key: KeyFrame, view: View, expected: Matrix) -> list[Peak]:
    """Return the peaks of the correlation of a key with a frame that is turned as expected."""
    spectrum, power = key.spectrum
    turn = linear_only(expected)
    shift = -in_coarse(expected, view.levels)[:2, 2]
    return peaks(spectrum, view.spectrum(turn), power, view.coarse.shape, shift)


def _candidates(key: KeyFrame, view: View, expected: Matrix) -> list[Matrix]:
    """Return poses between coarse frames to start from, the most probable first."""
    predicted = in_coarse(expected, view.levels)
    result = []
    for peak in correlated(key, view, expected):
        if peak.height >= LOWEST_PEAK:
            pose = predicted.copy()
            pose[:2, 2] = -np.array(peak.shift)
            result.append(pose)
    if not any(spread_px(pose, predicted, view.coarse.shape) < SAME_PX for pose in result):
        result.append(predicted)
    return result
