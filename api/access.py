"""ASGI middleware: the caller is known, and the host checked, before the body of a request is read."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy.exc import OperationalError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.authentication import Authenticator, Caller, identify, look_up
from api.batches.schemas import PATH as BATCHES
from api.errors import (
    ApiKeyMissing,
    CrossSiteRequest,
    HostUnknown,
    RateLimitExceeded,
    ScopeMissing,
    TooManyStreams,
)
from api.events.refusals import refused_streams
from api.events.stream_limits import StreamLimits
from api.rate_limits import RateLimiter
from api.settings import ApiSettings
from db.errors import ApiKeyUnknown, SessionUnknown

API = "/api/v1/"
PUBLIC = ("/api/v1/service", "/api/v1/session")  # each checks what it needs
DOCUMENTS = ("/docs", "/redoc", "/openapi.json")
METRICS = "/metrics"
HEALTH = "/health/"
STREAMS = "/events"
REFUSALS = (
    *(ApiKeyMissing, ApiKeyUnknown, SessionUnknown, CrossSiteRequest, ScopeMissing),
    *(RateLimitExceeded, HostUnknown, TooManyStreams),
)


class AccessControl:
    """Refuse a request that may not be served before its body is received."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        rate_limiter: RateLimiter,
        streams: StreamLimits,
        settings: ApiSettings,
    ) -> None:
        self.app, self.authenticator, self.rate_limiter = app, authenticator, rate_limiter
        self.streams = streams
        self.hosts = allowed_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or answer it with a problem."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = await self._refusal(Request(scope))
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        try:
            if not path.startswith(HEALTH):  # a probe uses the address of the machine
                check_host(request.headers.get("host", ""), self.hosts)
            if path.startswith(API) and path not in PUBLIC:
                caller = await identify(request, self.authenticator, self.rate_limiter)
                request.state.caller = caller
                if path.endswith(STREAMS):
                    self._check_streams(request, caller)
                if path == BATCHES and request.method == "POST" and caller.instrument is not None:
                    await self.rate_limiter.check_jobs(caller.owner, 1, count=False)
            elif path == METRICS:
                (await self._known(request)).require("admin")
            elif path.startswith(DOCUMENTS):
                await self._known(request)
        except REFUSALS as error:
            return await problems.from_table(request, error)
        except OperationalError as error:
            return await problems.from_database(request, error)
        return None

    def _check_streams(self, request: Request, caller: Caller) -> None:
        try:
            self.streams.check(caller.actor)
        except TooManyStreams:
            refused_streams.add(request.headers.get("authorization", ""))
            raise

    async def _known(self, request: Request) -> Caller:
        return await look_up(request, self.authenticator)


def allowed_hosts(settings: ApiSettings) -> frozenset[str] | None:
    """Return the names by which the service may be addressed; None: any.

    Without keys and token every client of the port is served: a page of another site must not reach it then
    under a name of its own (DNS rebinding). The default are the names of this machine's loopback address.
    """
    if settings.allowed_hosts:
        return frozenset(name.strip().lower() for name in settings.allowed_hosts.split(","))
    if settings.access == "keys" or settings.token:
        return None
    return frozenset({"localhost", settings.host.lower()})


def check_host(header: str, allowed: frozenset[str] | None) -> None:
    """Raise ``HostUnknown`` unless the Host header has an allowed name, or a loopback address."""
    if allowed is None:
        return
    name = (urlsplit(f"//{header}").hostname or "") if "/" not in header else ""
    if name not in allowed and not _is_address(name):
        raise HostUnknown(
            f"the service is not addressed as {name[:100]!r}; use one of {', '.join(sorted(allowed))}, or add"
            " the name to XEBRA_ALLOWED_HOSTS"
        )


def _is_address(name: str) -> bool:
    """Return whether it is an address, which no DNS answer can change, or a name of this machine."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.endswith(".localhost")
    return True
