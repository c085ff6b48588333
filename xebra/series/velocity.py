"""Place and drift velocity by a filter of constant velocity."""

from __future__ import annotations

import numpy as np

from xebra.arrays import Floats

MEMORY_S = 8  # frames over which the velocity is averaged
JUMP = 6.0  # typical steps from which a step is a jump, which is no drift


class Velocity:
    """Predicts a place from the places before; a jump moves it and leaves the velocity."""

    def __init__(self) -> None:
        """Begin at rest at the origin."""
        self.value = np.zeros(2)
        self._place = np.zeros(2)
        self._time: float | None = None
        self._typical = 0.0
        self._seen = 0

    def add(self, time_s: float, place: Floats) -> None:
        """Take the place (2,) at a time."""
        if self._time is not None and time_s > self._time:
            after = time_s - self._time
            step = np.asarray(place) - self._place
            surprise = float(np.hypot(*(step - after * self.value)))
            if self._seen < 2 or surprise <= JUMP * max(self._typical, 1.0):
                self._seen += 1
                share = max(1 / self._seen, 1 / MEMORY_S)
                self.value = self.value + share * (step / after - self.value)
                self._typical += share * (surprise - self._typical)
        self._place, self._time = np.array(place, float), time_s

    def at(self, time_s: float) -> Floats:
        """Return the place (2,) that is expected at a time."""
        if self._time is None:
            return self._place
        result: Floats = self._place + max(0.0, time_s - self._time) * self.value
        return result
