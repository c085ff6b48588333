"""Limits of the number of event streams: of one caller and of this process."""

from __future__ import annotations

from collections import Counter

from api.errors import TooManyStreams


class StreamLimits:
    """Counts of the open streams."""

    def __init__(self, per_caller: int, total: int) -> None:
        self.per_caller, self.total = per_caller, total
        self.open: Counter[str] = Counter()

    def check(self, actor: str) -> None:
        """Check whether this caller may open a stream.

        Raises:
            TooManyStreams: the caller, or all together, have the maximum number of streams.
        """
        if self.open[actor] >= self.per_caller:
            raise TooManyStreams(f"{self.per_caller} event streams are open with this key; close one first")
        if self.open.total() >= self.total:
            raise TooManyStreams(f"{self.total} event streams are open in all; retry later")

    def acquire(self, actor: str) -> None:
        """Count a stream of this caller; raise what ``check`` raises."""
        self.check(actor)
        self.open[actor] += 1

    def release(self, actor: str) -> None:
        """Count a stream that has ended."""
        self.open[actor] -= 1
        if not self.open[actor]:
            del self.open[actor]
