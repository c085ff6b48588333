"""Shares of the event loop: the streams of one instrument may not occupy it."""

from __future__ import annotations

import asyncio

EVENTS_PER_S = 250  # of all streams of one instrument in this process; each takes up to 0.4 ms
BURST_S = 0.2


class Pace:
    """Delay the events of an owner that are due faster than a rate."""

    def __init__(self, events_per_s: float = EVENTS_PER_S) -> None:
        self._interval_s = 1 / events_per_s
        self._next: dict[str, float] = {}

    async def turn(self, owner: str | None) -> None:
        """Wait until this owner may send another event; without an owner, return at once."""
        if owner is None:
            return
        now = asyncio.get_running_loop().time()
        at = max(now - BURST_S, self._next.get(owner, 0.0)) + self._interval_s
        self._next[owner] = at
        if at > now:
            await asyncio.sleep(at - now)
