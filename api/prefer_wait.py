"""``Prefer: wait=N`` (RFC 7240): a response that is delayed until the registration has ended."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Annotated

from fastapi import Depends, Header

from db.rows import FINAL_STATES, EventRow

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


async def wait_until_ended(changes: asyncio.Queue[EventRow], registration_id: str, wait_s: float) -> None:
    """Return when one of these changes is the end of the registration, or after ``wait_s``."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            while (change := await changes.get()).registration_id != registration_id or (
                change.state not in FINAL_STATES
            ):
                pass
