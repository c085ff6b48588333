"""Shares of the event loop: the streams of one instrument may not occupy it."""

from __future__ import annotations

import asyncio

MESSAGES_PER_S = 100  # of all streams of one instrument in this process; each takes up to 0.4 ms
BURST_S = 0.2
EVENT = 0.1  # of a message, the cost of each event in it beside the first


class Pace:
    """Delay the messages of an owner that are due faster than a rate."""

    def __init__(self, messages_per_s: float = MESSAGES_PER_S) -> None:
        self._interval_s = 1 / messages_per_s
        self._next: dict[str, float] = {}

    async def turn(self, owner: str | None, events: int = 1) -> None:
        """Wait until this owner may send another message; without an owner, return at once."""
        if owner is None:
            return
        now = asyncio.get_running_loop().time()
        at = max(now - BURST_S, self._next.get(owner, 0.0)) + self._interval_s
        self._next[owner] = at
        self.charge(owner, events - 1)
        if at > now:
            await asyncio.sleep(at - now)

    def charge(self, owner: str | None, events: int) -> None:
        """Count further events of a message: the next message is due later."""
        if owner is not None:
            self._next[owner] = self._next.get(owner, 0.0) + EVENT * events * self._interval_s
