"""/health: liveness of this process and readiness of the whole service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from api import problems
from api.dependencies import DatabaseDep, DecoderDep, SettingsDep, StoreDep
from api.errors import DecoderStuck, NotReady
from db import heartbeats
from db.engine import Database

router = APIRouter(prefix="/health", tags=["health"])


class Liveness(BaseModel):
    """This process responds."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Every part of the service responds."""

    status: Literal["ready"] = "ready"
    parts: list[str]


@router.get("/live", summary="Get liveness", responses=problems.documented(DecoderStuck))
async def get_liveness(decoder: DecoderDep) -> Liveness:
    """Return whether this process responds and can decode uploads, without a check of any backend."""
    if overdue_s := decoder.overdue_s():
        raise DecoderStuck(
            f"a decoder ended {overdue_s:.0f} s after its deadline or not at all; restart the API"
        )
    return Liveness()


@router.get("/ready", summary="Get readiness", responses=problems.documented(NotReady))
def get_readiness(database: DatabaseDep, store: StoreDep, settings: SettingsDep) -> Readiness:
    """Check that database and image store respond, and that relay and workers have recent heartbeats."""
    timeout_s = settings.silent_after_seconds
    checks: dict[str, Callable[[], None]] = {
        "database": database.ping,
        "image store": store.ping,
        "broker": lambda: _check_heartbeat(database, "relay", "reached the broker", timeout_s),
        "worker": lambda: _check_heartbeat(database, "worker", "consumed a message", timeout_s),
    }
    down = {part: reason for part, check in checks.items() if (reason := _failure(check))}
    if down:
        raise NotReady(down)
    return Readiness(parts=list(checks))


def _failure(check: Callable[[], None]) -> str | None:
    """Return the error of a check in one line, or None if it succeeds."""
    try:
        check()
    except Exception as error:  # any error means that the part is down
        return " ".join(str(error).split())[:300] or type(error).__name__
    return None


def _check_heartbeat(database: Database, role: str, action: str, timeout_s: float) -> None:
    """Raise ``TimeoutError`` if no process of this role has a recent heartbeat."""
    with database.reading() as session:
        seen = heartbeats.last_seen(session, role)
        recent = seen is not None and heartbeats.is_recent(session, seen, timedelta(seconds=timeout_s))
    if seen is None:
        raise TimeoutError(f"no {role} has {action} yet; check that one is running, and its log")
    if not recent:
        last = seen.isoformat(timespec="seconds")
        raise TimeoutError(f"no {role} has {action} since {last}; check its log")
