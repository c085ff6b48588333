"""The first pass over a series: each frame is matched with key frames as it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.series.correlation import peaks
from xebra.series.frame import Levels
from xebra.series.geometry import linear_only, overlap
from xebra.series.key_frame import KeyFrame, in_working
from xebra.series.matching import LOWEST_PEAK, Match, View, match
from xebra.series.measurement import Measurement
from xebra.series.spectrum import Power

LEAST_OVERLAP = 0.6  # with the current key, below which another key is used
GOOD_OVERLAP = 0.75  # with an earlier key, from which it is used again
FADED = 0.25  # of a key's highest certainty, below which another key is used
TRIED_KEYS = 3  # other keys that are tried where the current one does not fit
NEIGHBOUR_PX = 0.5  # coarse px: error of the shift between neighbours by correlation alone
UNKNOWN_PX = 1e3  # error of what a correlation does not measure
SAME_FRAME_PX = 1e-3  # error of a key's own frame


@dataclass
class _Last:
    """The last frame that fitted."""

    frame: int
    key: int
    pose: Matrix  # key_from_frame
    view: View


@dataclass
class Tracking:
    """State of the first pass.

    Args:
        levels: Resolutions of the series.
        count: Parameters of the model.
        prior: (N, 3, 3) linear map of each frame to a common geometry (magnification, tilt).
        each_is_key: Each frame is a key for the next ones; no means are made (tilt series).
    """

    levels: Levels
    count: int
    prior: Floats
    each_is_key: bool = False
    keys: list[KeyFrame] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    roots: list[Matrix] = field(default_factory=list)  # pose of each key on the first key of its component
    component: list[int] = field(default_factory=list)  # number of the first key of each key's component
    _last: _Last | None = None
    _newest: int | None = None  # key of a frame that did not fit

    def step(self, frame: int, values: Floats) -> None:
        """Match one frame (h, w) at the working resolution; frames come in order."""
        view = View(values, self.levels)
        if self._last is None:
            self._begin(frame, view)
            return
        last = self._last
        predicted = self._neighbour(frame, view)
        for key in self._order(predicted):
            found = match(self.keys[key], view, self._expected(key, predicted))
            if found:
                self._accept(frame, view, key, found)
                return
        self._newest = self._new_key(frame, view)
        if self.keys[last.key].frames == 1 and not self.each_is_key:  # nothing fitted the last key so far
            self._last = _Last(frame, self._newest, np.eye(3), view)

    def _begin(self, frame: int, view: View) -> None:
        key = self._new_key(frame, view)
        self._last = _Last(frame, key, np.eye(3), view)

    def _neighbour(self, frame: int, view: View) -> Matrix:
        """Return the expected pose on the last key, from the shift between neighbours."""
        last = self._last
        assert last is not None
        turn = np.linalg.inv(self.prior[last.frame]) @ self.prior[frame]
        expected: Matrix = last.pose @ turn
        first = last.view.spectrum(linear_only(last.pose))
        power = Power.of(first, view.coarse.shape)
        found = peaks(first, view.spectrum(linear_only(expected)), power, view.coarse.shape, np.zeros(2))[0]
        if found.height < LOWEST_PEAK:
            return expected
        moved = np.eye(3)
        moved[:2, 2] = -np.array(found.shift)
        pose = linear_only(expected)
        pose[:2, 2] = last.pose[:2, 2] + in_working(moved, self.levels)[:2, 2]
        self._add_neighbour(frame, last, pose)
        return pose

    def _add_neighbour(self, frame: int, last: _Last, pose: Matrix) -> None:
        error = np.full(self.count, UNKNOWN_PX)
        error[:2] = NEIGHBOUR_PX * self.levels.coarse
        between = np.linalg.inv(last.pose) @ pose
        self.measurements.append(Measurement(frame, last.frame, False, between, np.diag(error**2)))

    def _expected(self, key: int, predicted: Matrix) -> Matrix:
        """Return the expected pose on a key, from that on the last key."""
        last = self._last
        assert last is not None
        if self.component[key] != self.component[last.key]:
            return linear_only(predicted)
        result: Matrix = np.linalg.inv(self.roots[key]) @ self.roots[last.key] @ predicted
        return result

    def _order(self, predicted: Matrix) -> list[int]:
        """Return the keys to be tried: the last one, the newest one that stands alone, the nearest others."""
        last = self._last
        assert last is not None
        first = [last.key] if self._newest in (None, last.key) else [last.key, self._newest]
        others = [key for key in range(len(self.keys)) if key not in first]
        shape = self.levels.working_shape

        def rank(key: int) -> tuple[float, int]:
            known = self.component[key] == self.component[last.key]
            return (-overlap(self._expected(key, predicted), shape) if known else 0.0, -key)

        return [key for key in first if key is not None] + sorted(others, key=rank)[:TRIED_KEYS]

    def _accept(self, frame: int, view: View, key: int, found: Match) -> None:
        fit = found.fit
        self._measured(frame, key, found)
        if not self.each_is_key:
            self.keys[key].add(fit)
        self._last = _Last(frame, key, found.pose, view)
        if self._newest == key:
            self._newest = None
        if self.each_is_key:
            self._also_before(frame, view, key, found)
            self._follow(frame, view, key, found)
        elif self._leaves(key, found):
            self._change_key(frame, view, key, found)

    def _leaves(self, key: int, found: Match) -> bool:
        """Return whether a frame leaves the field of its key, or has changed too much."""
        few = overlap(found.pose, self.levels.working_shape) < LEAST_OVERLAP
        return few or found.fit.certainty < FADED * self.keys[key].typical_certainty

    def _change_key(self, frame: int, view: View, key: int, found: Match) -> None:
        """Go on with an earlier key that shows the same part, or with a new one."""
        root = self.roots[key] @ found.pose
        for other in reversed(range(len(self.keys))):
            if other == key or self.component[other] != self.component[key]:
                continue
            expected = np.linalg.inv(self.roots[other]) @ root
            if overlap(expected, self.levels.working_shape) < GOOD_OVERLAP:
                continue
            again = match(self.keys[other], view, expected)
            if again and again.fit.certainty > FADED * self.keys[other].typical_certainty:
                self._measured(frame, other, again)
                self.keys[other].add(again.fit)
                self._last = _Last(frame, other, again.pose, view)
                return
        self._follow(frame, view, key, found)

    def _follow(self, frame: int, view: View, key: int, found: Match) -> None:
        """Make the frame a key of the same component."""
        new = self._new_key(frame, view)
        self.roots[new] = self.roots[key] @ found.pose
        self.component[new] = self.component[key]
        self.keys[new].contrast = self.keys[key].contrast * found.fit.gain
        self._last = _Last(frame, new, np.eye(3), view)

    def _also_before(self, frame: int, view: View, key: int, found: Match) -> None:
        """Match a frame of a tilt series with the frame before the last one, too."""
        before = key - 1
        if before < 0 or self.component[before] != self.component[key]:
            return
        expected = np.linalg.inv(self.roots[before]) @ self.roots[key] @ found.pose
        again = match(self.keys[before], view, expected)
        if again:
            self._measured(frame, before, again)
        self.keys[before].release()

    def _measured(self, frame: int, key: int, found: Match) -> None:
        fit = found.fit
        self.measurements.append(
            Measurement(frame, key, True, found.pose, fit.covariance, fit.certainty, fit.gain, fit.offset)
        )

    def _new_key(self, frame: int, view: View) -> int:
        if len(self.keys) > TRIED_KEYS + 1:
            self.keys[-TRIED_KEYS - 1].release()
        number = len(self.keys)
        self.keys.append(KeyFrame(frame, view.values, self.levels, self.count))
        self.roots.append(np.eye(3))
        self.component.append(number)
        own = np.diag(np.full(self.count, SAME_FRAME_PX**2))
        self.measurements.append(Measurement(frame, number, True, np.eye(3), own))
        return number
