"""Authentication: the single instrument of a service without API keys, or the owner of an API key."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import ApiKeyMissing, ScopeMissing
from api.rate_limits import RateLimiter
from api.session.origin import check_origin
from db import keys, sessions
from db.engine import Database
from db.errors import ApiKeyUnknown, SessionUnknown
from db.rows import LOCAL, InstrumentRow

AUTH_CACHE_TTL_S = 5.0  # a revoked key is rejected after this time at the latest
AUTH_CACHE_SIZE = 1000
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
COOKIE = "xebra_session"
_bearer = HTTPBearer(auto_error=False, description="An API key created with `xebra admin add-key`.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Set by `POST /api/v1/session`.")
CookieDep = Annotated[str | None, Security(cookie)]


@dataclass(frozen=True)
class Caller:
    """The authenticated caller: actor, owner of the data, and scopes."""

    owner: str = LOCAL
    actor: str = LOCAL
    scopes: tuple[str, ...] = keys.SCOPES
    instrument: InstrumentRow | None = None
    by_cookie: bool = False

    def require(self, scope: str) -> None:
        """Raise ``ScopeMissing`` if the caller does not have this scope."""
        if scope not in self.scopes:
            raise ScopeMissing(f"this API key does not have the scope '{scope}'; use one that has it")


@dataclass(frozen=True)
class Credential:
    """The text of an API key or of a session token."""

    text: str
    by_cookie: bool


@dataclass
class Authenticator:
    """Look up API keys and session tokens, with a short-lived cache."""

    database: Database
    open: bool
    token: str = ""  # that of an open service, if it has one
    _cache: dict[Credential, tuple[float, Caller]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _generation: int = 0  # number of invalidations
    _running: dict[Credential, asyncio.Task[tuple[float, Caller]]] = field(default_factory=dict)

    async def authenticate(self, key: str | None, token: str | None = None) -> Caller:
        """Return the caller of an API key or, without one, of a session token.

        Raises:
            ApiKeyMissing: the service requires an API key and the request has neither.
            ApiKeyUnknown: the key does not exist or was revoked.
            SessionUnknown: the session does not exist or has expired.
        """
        if self.open:
            return self._open_caller(key, token)
        if key is not None:
            credential = Credential(key, by_cookie=False)
        elif token is not None:
            credential = Credential(token, by_cookie=True)
        else:
            raise ApiKeyMissing("send an API key: `Authorization: Bearer KEY`")
        cached = self._cache.get(credential)
        if cached is None or cached[0] < time.monotonic():
            cached = await asyncio.shield(self._look_up_once(credential))
        return cached[1]

    def _open_caller(self, key: str | None, token: str | None) -> Caller:
        if not self.token:
            return Caller()
        if key is None and token is None:
            raise ApiKeyMissing("open the URL with the token that `xebra serve` printed, or send it as a key")
        if not secrets.compare_digest((key or token or "").encode(), self.token.encode()):
            raise ApiKeyUnknown("the token is wrong; open the URL that `xebra serve` has printed")
        return Caller(by_cookie=key is None)

    def _look_up_once(self, credential: Credential) -> asyncio.Task[tuple[float, Caller]]:
        """Return the look-up that is running, if there is one: many streams have the same key."""
        if credential not in self._running:
            task = asyncio.create_task(run_in_threadpool(self._look_up, credential))
            self._running[credential] = task
            task.add_done_callback(lambda _: self._running.pop(credential, None))
        return self._running[credential]

    def invalidate(self, token: str) -> None:
        """Remove a session token from the cache, and do not cache look-ups of it that are in progress."""
        with self._lock:
            self._generation += 1
            self._cache.pop(Credential(token, by_cookie=True), None)

    def _look_up(self, credential: Credential) -> tuple[float, Caller]:
        generation = self._generation
        entry = time.monotonic() + AUTH_CACHE_TTL_S, self._find(credential)
        with self._lock:
            if len(self._cache) >= AUTH_CACHE_SIZE:
                self._cache.clear()
            if generation == self._generation:
                self._cache[credential] = entry
        return entry

    def _find(self, credential: Credential) -> Caller:
        with self.database.querying() as session:
            if credential.by_cookie:
                key, instrument, _ = sessions.find(session, credential.text)[0]
            else:
                key, instrument = keys.find(session, credential.text)
        actor = f"{instrument.name}/{key.id}"
        return Caller(instrument.name, actor, tuple(key.scopes), instrument, credential.by_cookie)


async def _authenticator(request: Request) -> Authenticator:
    return cast(Authenticator, request.app.state.authenticator)


async def _rate_limiter(request: Request) -> RateLimiter:
    return cast(RateLimiter, request.app.state.rate_limiter)


RateLimiterDep = Annotated[RateLimiter, Depends(_rate_limiter)]
AuthenticatorDep = Annotated[Authenticator, Depends(_authenticator)]
CredentialsDep = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def look_up(request: Request, authenticator: Authenticator) -> Caller:
    """Return the caller of a request; raise what ``Authenticator.authenticate`` raises."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return await authenticator.authenticate(
        key.strip() if scheme.lower() == "bearer" else None, request.cookies.get(COOKIE)
    )


async def identify(request: Request, authenticator: Authenticator, rate_limiter: RateLimiter) -> Caller:
    """Return the caller of a request that it may send.

    Raises:
        CrossSiteRequest: a page of another site sent it, with a cookie or to a service without keys.
        RateLimitExceeded: the caller has sent too many.
        ScopeMissing: the caller may only read, or not even that.
    """
    caller = await look_up(request, authenticator)
    if request.method not in SAFE_METHODS and (caller.by_cookie or authenticator.open):
        check_origin(request, required=caller.by_cookie)
    if caller.instrument is not None:
        limit = caller.instrument.requests_per_minute
        request.state.extra_headers = await rate_limiter.check(caller.owner, limit)
    caller.require("read" if request.method in SAFE_METHODS else "write")
    return caller


async def _caller(
    request: Request,
    authenticator: AuthenticatorDep,
    rate_limiter: RateLimiterDep,
    credentials: CredentialsDep,  # for the OpenAPI document
    token: CookieDep,
) -> Caller:
    """Return the caller that the middleware has found before the body was read."""
    known: Caller | None = getattr(request.state, "caller", None)
    return known or await identify(request, authenticator, rate_limiter)


CallerDep = Annotated[Caller, Depends(_caller)]


async def _still_authorized(
    authenticator: AuthenticatorDep, credentials: CredentialsDep, token: CookieDep
) -> Callable[[], Awaitable[bool]]:
    """Return a function that checks the credentials of the request again, for long-lived responses."""

    async def check() -> bool:
        try:
            await authenticator.authenticate(credentials.credentials if credentials else None, token)
        except (ApiKeyUnknown, SessionUnknown):
            return False
        return True

    return check


StillAuthorizedDep = Annotated[Callable[[], Awaitable[bool]], Depends(_still_authorized)]
