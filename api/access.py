"""Who is asking: the one open instrument of a service without keys, or whoever an API key belongs to."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import KeyMissing, RateExceeded, ScopeMissing
from api.session.origin import check_origin
from db import keys, sessions
from db.engine import Database
from db.errors import KeyUnknown, SessionUnknown
from db.rows import LOCAL, InstrumentRow

BELIEVED_S = 5.0  # a revoked key opens nothing after that
MOST_BELIEVED = 1000
WINDOW_S = 60
READS = ("GET", "HEAD", "OPTIONS")
COOKIE = "xebra_session"
_bearer = HTTPBearer(auto_error=False, description="An API key of `xebra admin add-key`.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Set by `POST /api/v1/session`.")


@dataclass(frozen=True)
class Caller:
    """Who is asking, whose things are meant, and what is allowed."""

    owner: str = LOCAL
    actor: str = LOCAL
    scopes: tuple[str, ...] = keys.SCOPES
    instrument: InstrumentRow | None = None
    by_cookie: bool = False

    def may(self, scope: str) -> None:
        """Raise ``ScopeMissing`` unless this caller may."""
        if scope not in self.scopes:
            raise ScopeMissing(f"this API key may not '{scope}'; ask for one that may")


@dataclass
class Window:
    """The requests of one instrument within the minute."""

    ends: float = 0.0
    count: int = 0


@dataclass
class Access:
    """Knows the keys that were shown lately, and how often each instrument has asked."""

    database: Database
    open: bool
    _known: dict[tuple[bool, str], tuple[float, Caller]] = field(default_factory=dict)
    _windows: dict[str, Window] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _forgotten: int = 0  # cookies so far

    async def caller(self, key: str | None, token: str | None = None) -> Caller:
        """Raises ``KeyMissing``, ``KeyUnknown`` or ``SessionUnknown``; a key counts before a cookie."""
        if self.open:
            return Caller()
        if key is None and token is None:
            raise KeyMissing("send an API key: `Authorization: Bearer KEY`")
        shown = (False, key) if key is not None else (True, token)
        known = self._known.get(shown)
        if known is None or known[0] < time.monotonic():
            known = await run_in_threadpool(self._look_up, *shown)
        return known[1]

    def forget(self, token: str) -> None:
        """The cookie may stand for something else now, whatever is being looked up of it."""
        with self._lock:
            self._forgotten += 1
            self._known.pop((True, token), None)

    def count(self, caller: Caller) -> dict[str, str]:
        """The RateLimit headers of one more request; raises ``RateExceeded``."""
        most = caller.instrument.requests_per_minute if caller.instrument else None
        if most is None:
            return {}
        with self._lock:
            now, window = time.monotonic(), self._windows.setdefault(caller.owner, Window())
            if now >= window.ends:
                window.ends, window.count = now + WINDOW_S, 0
            window.count += 1
            left, again = most - window.count, max(1, round(window.ends - now))
        policy = {"RateLimit-Policy": f'"instrument";q={most};w={WINDOW_S}'}
        headers = policy | {"RateLimit": f'"instrument";r={max(0, left)};t={again}'}
        if left < 0:
            raise RateExceeded(f"{most} requests a minute are allowed", headers | {"Retry-After": str(again)})
        return headers

    def _look_up(self, by_cookie: bool, text: str) -> tuple[float, Caller]:
        forgotten = self._forgotten
        with self.database.reading() as session:
            key, instrument = sessions.find(session, text)[0][:2] if by_cookie else keys.find(session, text)
        actor = f"{instrument.name}/{key.id}"
        caller = Caller(instrument.name, actor, tuple(key.scopes), instrument, by_cookie)
        found = time.monotonic() + BELIEVED_S, caller
        with self._lock:
            if len(self._known) >= MOST_BELIEVED:
                self._known.clear()
            if forgotten == self._forgotten:
                self._known[by_cookie, text] = found
        return found


async def _access(request: Request) -> Access:
    return request.app.state.access


AccessDep = Annotated[Access, Depends(_access)]


async def _caller(
    request: Request,
    access: AccessDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    token: Annotated[str | None, Security(cookie)],
) -> Caller:
    caller = await access.caller(credentials.credentials if credentials else None, token)
    if caller.by_cookie and request.method not in READS:
        check_origin(request)
    request.state.more_headers = access.count(caller)
    caller.may("read" if request.method in READS else "write")
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _still(
    access: AccessDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    token: Annotated[str | None, Security(cookie)],
) -> Callable[[], Awaitable[bool]]:
    """Whether what was shown when an answer began still opens the service: long ones ask again."""

    async def still() -> bool:
        try:
            await access.caller(credentials.credentials if credentials else None, token)
        except (KeyUnknown, SessionUnknown):
            return False
        return True

    return still


StillDep = Annotated[Callable[[], Awaitable[bool]], Depends(_still)]
