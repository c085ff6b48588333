"""``Prefer: wait=N`` (RFC 7240): a response that is delayed until the registration has ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header

from api.events.broadcaster import EventBroadcaster
from db.rows import FINAL_STATES

MAX_WAIT_S = 60
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})")


async def _wait_s(
    prefer: Annotated[
        str | None,
        Header(
            max_length=200, description="`wait=N`: respond when the job has ended, after N s at the latest."
        ),
    ] = None,
) -> float:
    found = _WAIT.search(prefer or "")
    return min(float(found[1]), MAX_WAIT_S) if found else 0.0


WaitDep = Annotated[float, Depends(_wait_s)]


async def wait_until_ended(
    broadcaster: EventBroadcaster, registration_id: str, wait_s: float, ended: Callable[[], Awaitable[bool]]
) -> None:
    """Return when the registration has ended, or after ``wait_s``; ``ended`` reads its present state."""
    async with broadcaster.subscribe(registration_id=registration_id) as queue:
        try:
            async with asyncio.timeout(wait_s):
                if await ended():
                    return
                while (await queue.get()).state not in FINAL_STATES:
                    pass
        except TimeoutError:
            pass
