"""Places for event streams, held until the response has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Depends

from api.authentication import CallerDep
from api.dependencies import StateDep


async def _slot(caller: CallerDep, state: StateDep) -> AsyncIterator[None]:
    state.streams.acquire(caller.actor)
    try:
        yield
    finally:
        state.streams.release(caller.actor)


StreamSlot = Depends(_slot)
