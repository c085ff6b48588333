"""/health: is this process alive, and can the whole service do its work?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from api import problems
from api.dependencies import DatabaseDep, SettingsDep, StoreDep
from api.errors import NotReady
from db import heartbeats
from db.engine import Database
from db.types import utc_now

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """This process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Every part of the service answers."""

    status: Literal["ready"] = "ready"
    parts: list[str]


@router.get("/live", summary="Does this process answer?")
async def live() -> Alive:
    """Asks nobody else."""
    return Alive()


@router.get("/ready", summary="Can the service do its work?", responses=problems.documented(NotReady))
def ready(database: DatabaseDep, store: StoreDep, settings: SettingsDep) -> Ready:
    """Database and image store answer; the relay reached the broker and a worker consumed from it lately."""
    checks: dict[str, Callable[[], None]] = {
        "database": database.ping,
        "image store": store.ping,
        "broker": lambda: _lately(database, "relay", "reached it", settings.silent_after_seconds),
        "worker": lambda: _lately(database, "worker", "taken a message", settings.silent_after_seconds),
    }
    down = {part: reason for part, check in checks.items() if (reason := _fault(check))}
    if down:
        raise NotReady(down)
    return Ready(parts=list(checks))


def _fault(check: Callable[[], None]) -> str | None:
    """Why a part is down, in one line; None where it is not."""
    try:
        check()
    except Exception as error:  # whatever the reason, the part is down
        return " ".join(str(error).split())[:300] or type(error).__name__
    return None


def _lately(database: Database, role: str, did: str, silent_after_s: float) -> None:
    """Raise unless a process of this role proved lately that it works."""
    with database.reading() as session:
        seen = heartbeats.last_seen(session, role)
    if seen is None:
        raise TimeoutError(f"no {role} has {did} yet; see that one runs, and its log")
    if utc_now() - seen > timedelta(seconds=silent_after_s):
        raise TimeoutError(f"no {role} has {did} since {seen.isoformat(timespec='seconds')}; see its log")
