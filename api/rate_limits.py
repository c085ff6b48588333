"""Request rate limits of the instruments, shared by all API processes through Redis where it is available."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from api.errors import RateLimitExceeded

log = logging.getLogger(__name__)

WINDOW_S = 60
REDIS_TIMEOUT_S = 0.5
REDIS_RETRY_S = 10.0  # after an error; until then the process counts by itself


class RateLimiter:
    """A fixed window of a minute for each instrument.

    Without Redis, or while Redis does not answer, each process counts its own requests.
    """

    def __init__(self, broker_url: str = "") -> None:
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._redis = FixedWindowRateLimiter(_redis(broker_url)) if broker_url else None
        self._retry_at = 0.0

    async def check(self, owner: str, limit: int | None) -> dict[str, str]:
        """Count a request of this owner and return its ``RateLimit`` headers.

        Raises:
            RateLimitExceeded: the owner has sent more than ``limit`` requests in this window.
        """
        if limit is None:
            return {}
        if self._redis is not None and time.monotonic() >= self._retry_at:
            try:
                return await _check(self._redis, owner, limit)
            except StorageError as error:
                log.warning("Redis does not answer; requests are counted in this process: %s", error)
                self._retry_at = time.monotonic() + REDIS_RETRY_S
        return await _check(self._memory, owner, limit)


async def _check(limiter: FixedWindowRateLimiter, owner: str, limit: int) -> dict[str, str]:
    item = RateLimitItemPerMinute(limit)
    allowed = await limiter.hit(item, owner)
    reset_at, remaining = await limiter.get_window_stats(item, owner)
    reset_s = min(WINDOW_S, max(1, round(reset_at - time.time())))
    policy = {"RateLimit-Policy": f'"instrument";q={limit};w={WINDOW_S}'}
    headers = policy | {"RateLimit": f'"instrument";r={remaining};t={reset_s}'}
    if not allowed:
        detail = f"the limit of {limit} requests per minute is exceeded; retry in {reset_s} s"
        raise RateLimitExceeded(detail, headers | {"Retry-After": str(reset_s)})
    return headers


def _redis(broker_url: str) -> Storage:
    timeouts: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    return RedisStorage(_storage_url(broker_url), wrap_exceptions=True, implementation="redispy", **timeouts)


def _storage_url(broker_url: str) -> str:
    """Return the broker's URL in the form of the ``limits`` library."""
    parts = urlsplit(broker_url)
    if parts.scheme == "redis+socket":  # the embedded broker
        return f"async+redis+unix://{unquote(parts.netloc + parts.path)}"
    return f"async+{broker_url}"
