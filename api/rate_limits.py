"""Rates of the instruments, requests and jobs of batches, shared by all API processes through Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from api.errors import RateLimitExceeded

log = logging.getLogger(__name__)

WINDOW_S = 60
REDIS_TIMEOUT_S = 0.5
REDIS_RETRY_S = 10.0  # after an error; until then the process counts by itself
JOBS = "JOBS"  # namespace of the counts of jobs
T = TypeVar("T")


class RateLimiter:
    """A fixed window of a minute for each instrument.

    Without Redis, or while Redis does not answer, each process counts its own requests.
    """

    def __init__(self, broker_url: str = "", jobs_per_minute: int = 0) -> None:
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._redis = FixedWindowRateLimiter(_redis(broker_url)) if broker_url else None
        self._retry_at = 0.0
        self._jobs = RateLimitItemPerMinute(jobs_per_minute, namespace=JOBS) if jobs_per_minute else None

    async def check(self, owner: str, limit: int | None) -> dict[str, str]:
        """Count a request of this owner and return its ``RateLimit`` headers.

        Raises:
            RateLimitExceeded: the owner has sent more than ``limit`` requests in this window.
        """
        if limit is None:
            return {}
        item = RateLimitItemPerMinute(limit)
        return await self._counted(lambda limiter: _check(limiter, owner, item))

    async def check_jobs(self, owner: str, jobs: int, *, count: bool = True) -> None:
        """Count the jobs of a batch, unless they exceed what an instrument may submit in a minute.

        With ``count=False`` nothing is counted: the batch of an instrument that has used up its minute is
        refused before its body is read.

        Raises:
            RateLimitExceeded: the owner has submitted too many in this window.
        """
        if self._jobs is not None:
            item = self._jobs
            await self._counted(lambda limiter: _check_jobs(limiter, owner, item, jobs, count))

    async def _counted(self, work: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T:
        """Return what ``work`` returns with the counts of all processes, or with those of this one."""
        if self._redis is not None and time.monotonic() >= self._retry_at:
            try:
                return await work(self._redis)
            except StorageError as error:
                log.warning("Redis does not answer; requests are counted in this process: %s", error)
                self._retry_at = time.monotonic() + REDIS_RETRY_S
        return await work(self._memory)


async def _check(limiter: FixedWindowRateLimiter, owner: str, item: RateLimitItem) -> dict[str, str]:
    allowed = await limiter.hit(item, owner)
    remaining, reset_s = await _window(limiter, owner, item)
    policy = {"RateLimit-Policy": f'"instrument";q={item.amount};w={WINDOW_S}'}
    headers = policy | {"RateLimit": f'"instrument";r={remaining};t={reset_s}'}
    if not allowed:
        detail = f"the limit of {item.amount} requests per minute is exceeded; retry in {reset_s} s"
        raise RateLimitExceeded(detail, headers | {"Retry-After": str(reset_s)})
    return headers


async def _check_jobs(
    limiter: FixedWindowRateLimiter, owner: str, item: RateLimitItem, jobs: int, count: bool
) -> None:
    allowed = await limiter.test(item, owner, cost=jobs)
    if allowed and count:
        allowed = await limiter.hit(item, owner, cost=jobs)  # others may have counted in the meantime
    if not allowed:
        remaining, reset_s = await _window(limiter, owner, item)
        detail = (
            f"{remaining} jobs of the {item.amount} that may be submitted in batches in a minute are left"
        )
        raise RateLimitExceeded(f"{detail}; retry in {reset_s} s", {"Retry-After": str(reset_s)})


async def _window(limiter: FixedWindowRateLimiter, owner: str, item: RateLimitItem) -> tuple[int, int]:
    """Return what is left of the present window, and its end in s from now."""
    reset_at, remaining = await limiter.get_window_stats(item, owner)
    return remaining, min(WINDOW_S, max(1, round(reset_at - time.time())))


def _redis(broker_url: str) -> Storage:
    timeouts: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    return RedisStorage(_storage_url(broker_url), wrap_exceptions=True, implementation="redispy", **timeouts)


def _storage_url(broker_url: str) -> str:
    """Return the broker's URL in the form of the ``limits`` library."""
    parts = urlsplit(broker_url)
    if parts.scheme == "redis+socket":  # the embedded broker
        return f"async+redis+unix://{unquote(parts.netloc + parts.path)}"
    return f"async+{broker_url}"
