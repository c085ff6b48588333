"""Exactly the allowed number of requests passes in a minute, in one process or through Redis in several."""

import asyncio

import pytest
from support.servers import LOOPBACK, free_port

from api.errors import RateLimitExceeded
from api.rate_limits import RateLimiter

LIMIT = 5


def allowed(*limiters: RateLimiter, owner: str = "sem") -> list[dict[str, str]]:
    """Send requests to each limiter in turn until one is refused; return the headers of those allowed."""

    async def send() -> list[dict[str, str]]:
        headers: list[dict[str, str]] = []
        with pytest.raises(RateLimitExceeded) as refused:
            for number in range(3 * LIMIT):
                headers.append(await limiters[number % len(limiters)].check(owner, LIMIT))
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
        assert refused.value.headers["RateLimit"].startswith('"instrument";r=0;t=')
        return headers

    return asyncio.run(send())


def test_exactly_the_limit_is_allowed():
    headers = allowed(RateLimiter())
    assert len(headers) == LIMIT
    assert {header["RateLimit-Policy"] for header in headers} == {f'"instrument";q={LIMIT};w=60'}
    remaining = [header["RateLimit"].split(";")[1] for header in headers]
    assert remaining == ["r=4", "r=3", "r=2", "r=1", "r=0"]


def test_each_owner_has_its_own_limit():
    limiter = RateLimiter()
    assert len(allowed(limiter, owner="sem")) == len(allowed(limiter, owner="tem")) == LIMIT


def test_an_owner_without_limit_has_no_headers():
    assert asyncio.run(RateLimiter().check("sem", None)) == {}


def test_processes_share_the_limit_through_redis(redis_server):
    assert len(allowed(RateLimiter(redis_server), RateLimiter(redis_server), owner="shared")) == LIMIT


def submit(*sizes: int, limiters: list[RateLimiter], count: bool = True) -> list[bool]:
    """Submit batches to each limiter in turn; return which were allowed."""

    async def send() -> list[bool]:
        allowed = []
        for number, size in enumerate(sizes):
            try:
                await limiters[number % len(limiters)].check_jobs("sem", size, count=count)
                allowed.append(True)
            except RateLimitExceeded as refused:
                assert 1 <= int(refused.headers["Retry-After"]) <= 60
                allowed.append(False)
        return allowed

    return asyncio.run(send())


def test_jobs_of_batches_are_limited_and_refused_ones_not_counted():
    limiters = [RateLimiter(jobs_per_minute=10)]
    assert submit(6, 5, 4, 1, limiters=limiters) == [True, False, True, False]


def test_jobs_can_be_checked_without_being_counted():
    limiters = [RateLimiter(jobs_per_minute=2)]
    assert submit(2, 2, 2, limiters=limiters, count=False) == [True] * 3
    assert submit(2, limiters=limiters) == [True]
    assert submit(1, limiters=limiters, count=False) == [False]


def test_jobs_are_not_limited_by_default():
    assert submit(*[10_000] * 5, limiters=[RateLimiter()]) == [True] * 5


def test_processes_share_the_limit_of_jobs_through_redis(redis_server):
    limiters = [RateLimiter(redis_server, jobs_per_minute=10) for _ in range(2)]
    assert submit(6, 4, 1, 1, limiters=limiters) == [True, True, False, False]


def test_each_process_counts_by_itself_while_redis_is_unavailable():
    unavailable = f"redis://{LOOPBACK}:{free_port()}/0"
    assert len(allowed(RateLimiter(unavailable), owner="sem")) == LIMIT
