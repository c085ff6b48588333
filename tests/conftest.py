"""Fixtures: real servers, one of each for all tests that do not harm it; two groups of tests side by side."""

import os

import pytest
from support.facility import facility  # noqa: F401
from support.servers import new_postgres_url, new_s3_url, postgres_server, redis_server, s3_server  # noqa: F401
from support.swift_server import new_swift_url, swift_server  # noqa: F401
from support.triton_server import triton_url  # noqa: F401

WITH_SERVERS = ("tests/e2e/", "tests/integration/", "docs/")
NICENESS = 15  # of the tests without servers: they delay no server


def has_servers(nodeid: str) -> bool:
    """Return whether a test may start servers, of which one process keeps one each."""
    return nodeid.startswith(WITH_SERVERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run the tests with servers in one process and all others in a second one."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return str(has_servers(nodeid))

    return Groups(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lower the priority of the process that runs the tests without servers."""
    if "PYTEST_XDIST_WORKER" in os.environ and not has_servers(item.nodeid):
        os.nice(max(0, NICENESS - os.nice(0)))
