"""Which files are complete: those that have not changed for a while and can be opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from xebra.batch.task import fingerprint


class Settled:
    """Tells complete files from those that an instrument is still writing.

    Times of change are not compared with the clock: that of a network share may be another one.
    """

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic):
        self._settle_s, self._clock = settle_s, clock
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def __call__(self, path: Path) -> bool:
        """Return True where a file's size and time have been the same for ``settle_s`` seconds.

        The first call for a file, or for a new state of it, starts its time. Raises OSError where the
        file cannot be examined.
        """
        state, now = fingerprint(path), self._clock()
        known, since = self._seen.get(path, (None, now))
        if state != known:
            self._seen[path] = state, now
            since = now
        return state[0] > 0 and now - since >= self._settle_s and _can_be_opened(path)


def _can_be_opened(path: Path) -> bool:
    """Return False while another program has the file to itself, as on Windows while it is written."""
    if path.is_dir():
        return True
    try:
        with path.open("rb"):
            return True
    except PermissionError:
        return False
