"""The second pass over a series: each frame is measured again on the mean of all frames of its key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from xebra.arrays import Floats
from xebra.series.frame import Levels, warped
from xebra.series.key_frame import KeyFrame
from xebra.series.matching import View, refined
from xebra.series.measurement import Measurement
from xebra.series.solving import Poses

STEPS = 2
KEPT_KEYS = 3  # with templates in memory


class Refining:
    """Measures frames on the means that the first pass left."""

    def __init__(self, keys: Sequence[KeyFrame], poses: Poses, levels: Levels, first: Iterable[Measurement]):
        """Take the keys and the poses of the first pass, and its measurements."""
        self.keys, self.poses, self.levels = keys, poses, levels
        self._of_frame: dict[int, list[Measurement]] = {}
        self._neighbours = []
        for measurement in first:
            if measurement.on_key and measurement.other in poses.keys:
                self._of_frame.setdefault(measurement.frame, []).append(measurement)
            else:
                self._neighbours.append(measurement)
        self._recent: list[int] = []
        for key in keys:
            key.complete()
        self.measurements: list[Measurement] = list(self._neighbours)

    def remake(self, frames: Iterable[tuple[int, Floats]]) -> None:
        """Make the means again from working frames at the poses of this pass; the step before ``step``."""
        for key in self.keys:
            key.clear()
        for frame, values in frames:
            for first in self._of_frame.get(frame, []):
                pose = np.linalg.inv(self.poses.frames[frame]) @ self.poses.keys[first.other]
                view = (warped(values, pose) - np.float32(first.offset)) * np.float32(1 / first.gain)
                self.keys[first.other].put(view)
        for key in self.keys:
            key.complete()

    def step(self, frame: int, values: Floats) -> None:
        """Measure one frame (h, w) at the working resolution again."""
        view = View(values, self.levels)
        for first in self._of_frame.get(frame, []):
            self.measurements += self._again(first, view)

    def _again(self, first: Measurement, view: View) -> Iterator[Measurement]:
        """Yield the new measurement; the first one of a key's own frame, or none, where it does not fit."""
        key = self._key(first.other)
        pose = np.linalg.inv(self.poses.keys[first.other]) @ self.poses.frames[first.frame]
        found = refined(key, view, pose, STEPS)
        if found:
            fit = found.fit
            yield Measurement(
                first.frame,
                first.other,
                True,
                found.pose,
                fit.covariance,
                fit.certainty,
                fit.gain,
                fit.offset,
            )
        elif key.frame == first.frame:
            yield first

    def _key(self, number: int) -> KeyFrame:
        """Return a key; the templates of those that were not used for long are dropped."""
        if number in self._recent:
            self._recent.remove(number)
        self._recent.append(number)
        while len(self._recent) > KEPT_KEYS:
            self.keys[self._recent.pop(0)].release()
        return self.keys[number]
